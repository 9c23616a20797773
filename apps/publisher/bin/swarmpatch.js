#!/usr/bin/env node
import module from 'node:module';

// Node 22.8 and newer keep what they compiled for the next start.
module.enableCompileCache?.();
await import('../dist/bundle/main.js');
