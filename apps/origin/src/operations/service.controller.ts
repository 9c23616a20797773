import { Controller, Get } from '@nestjs/common';
import { type ServiceReply, serviceReplySchema } from '@swarmpatch/api-contract';
import { Describe } from '../docs/operation.ts';
import { PublicAddress } from '../public-address.ts';
import { VERSION } from '../version.ts';

@Controller('api/service')
export class ServiceController {
  readonly #address: PublicAddress;

  constructor(address: PublicAddress) {
    this.#address = address;
  }

  @Get()
  @Describe({ summary: 'What this origin is, and where it is reached', reply: serviceReplySchema })
  service(): ServiceReply {
    return {
      name: 'swarmpatch-origin',
      version: VERSION,
      publicUrl: this.#address.url,
      trackers: this.#address.trackers,
    };
  }
}
