export interface RoundResult {
  number: number;
  scenario: string;
  command: string;
  what: string;
  outcome?: 'back' | 'forward' | 'finished' | 'mended' | 'skipped';
  broken?: string;
}

export function playRounds(settings: {
  seed: number;
  first: number;
  rounds: number;
  hugeBytes?: number;
  commands?: readonly string[];
  tell?: (result: RoundResult) => void;
}): Promise<{ results: RoundResult[]; directory: string }>;
