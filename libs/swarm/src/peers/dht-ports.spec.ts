import type { WireMessage } from '@swarmpatch/peer-wire';
import { describe, expect, it } from 'vitest';

import type { SwarmCommand } from '../command.ts';
import { FULL, meet, newSwarm, sent, torrent } from '../extensions/extension-swarm.contract.ts';

const WITH_DHT = { ...FULL, dht: true };

function ports(commands: readonly SwarmCommand[], peer: number): WireMessage[] {
  return sent(commands, peer).filter(({ kind }) => kind === 'port');
}

function nodes(commands: readonly SwarmCommand[]): SwarmCommand[] {
  return commands.filter(({ kind }) => kind === 'dht_node');
}

describe('DhtPorts', () => {
  it('tells those who have a node, whether they came before it started or after', () => {
    const swarm = newSwarm();
    const early = meet(swarm, { capabilities: WITH_DHT });
    const without = meet(swarm);
    expect(ports(swarm.drain(0), early)).toEqual([]);
    swarm.dhtStarted({ ipv4: 6881 });
    const late = meet(swarm, { capabilities: WITH_DHT });
    const commands = swarm.drain(0);
    for (const peer of [early, late]) expect(ports(commands, peer)).toEqual([{ kind: 'port', port: 6881 }]);
    expect(ports(commands, without)).toEqual([]);
  });

  it('says first what is here, as BEP 6 wants it', () => {
    const swarm = newSwarm();
    swarm.dhtStarted({ ipv4: 6881 });
    const peer = meet(swarm, { capabilities: WITH_DHT });
    expect(sent(swarm.drain(0), peer).map(({ kind }) => kind)).toEqual(['extended', 'have_none', 'port']);
  });

  it('names the node of a peer, once', () => {
    const swarm = newSwarm();
    const peer = meet(swarm, { host: '10.1.2.3' });
    for (const port of [0, 7000, 7000, 7001]) swarm.messageReceived(peer, { kind: 'port', port }, 0);
    expect(nodes(swarm.drain(0))).toEqual([{ kind: 'dht_node', address: { host: '10.1.2.3', port: 7000 } }]);
  });

  it('tells those of a family of its own node in the DHT of that family (BEP 32), and hears of theirs', () => {
    const swarm = newSwarm();
    swarm.dhtStarted({ ipv6: 6882 });
    const peer = meet(swarm, { host: '2001:db8::7', capabilities: WITH_DHT });
    const other = meet(swarm, { capabilities: WITH_DHT });
    swarm.messageReceived(peer, { kind: 'port', port: 7000 }, 0);
    const commands = swarm.drain(0);
    expect(ports(commands, peer)).toEqual([{ kind: 'port', port: 6882 }]);
    expect(ports(commands, other)).toEqual([]);
    expect(nodes(commands)).toEqual([{ kind: 'dht_node', address: { host: '2001:db8::7', port: 7000 } }]);
  });

  it('neither tells nor hears of nodes for a private torrent (BEP 27)', () => {
    const swarm = newSwarm({ metainfo: torrent('private') });
    swarm.dhtStarted({ ipv4: 6881 });
    const peer = meet(swarm, { capabilities: WITH_DHT });
    swarm.messageReceived(peer, { kind: 'port', port: 7000 }, 0);
    const commands = swarm.drain(0);
    expect(ports(commands, peer)).toEqual([]);
    expect(nodes(commands)).toEqual([]);
  });
});
