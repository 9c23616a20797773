import { Controller, Get, Header } from '@nestjs/common';
import { PublicAddress } from '../public-address.ts';
import { EventsController } from '../events/events.controller.ts';
import { GamesController } from '../games/games.controller.ts';
import { ServiceController } from '../operations/service.controller.ts';
import { PatchesController } from '../patches/patches.controller.ts';
import { ReleasesController } from '../releases/releases.controller.ts';
import { UploadsController } from '../uploads/uploads.controller.ts';
import { VERSION } from '../version.ts';
import { renderDocsPage } from './docs-page.ts';
import { createOpenApi, describeRoutes } from './openapi.ts';

export const API_CONTROLLERS = [
  ServiceController,
  GamesController,
  ReleasesController,
  PatchesController,
  EventsController,
  UploadsController,
];

@Controller('api/docs')
export class DocsController {
  readonly #address: PublicAddress;

  constructor(address: PublicAddress) {
    this.#address = address;
  }

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
  page(): string {
    return renderDocsPage(describeRoutes(API_CONTROLLERS), VERSION);
  }

  @Get('openapi.json')
  openApi(): object {
    return createOpenApi(describeRoutes(API_CONTROLLERS), VERSION, this.#address.url);
  }
}
