#!/usr/bin/env bash
# @nestjs/swagger names an operation by the name of the function that handles it, and not by the name of the method. After
# an ordinary decorator that wraps the method, the operation has the name of the wrapper, and two wrapped methods of one
# application share one operationId, which OpenAPI forbids. A program that finds operations by the method's name loses them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @nestjs/common@12.5.1 @nestjs/core@12.5.1 @nestjs/platform-express@12.5.1 @nestjs/swagger@12.0.2 reflect-metadata@0.2.2 rxjs@7.8.2
cat >wrapped.mjs <<'JS'
import 'reflect-metadata';
import { createRequire } from 'node:module';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

const timed = (_target, _name, descriptor) => {
  const original = descriptor.value;
  descriptor.value = function timed(...args) {
    return original.apply(this, args);
  };
};

class CatsController {
  list() {}
  read() {}
}
for (const name of ['list', 'read']) {
  const descriptor = Object.getOwnPropertyDescriptor(CatsController.prototype, name);
  timed(CatsController.prototype, name, descriptor);
  Get(name)(CatsController.prototype, name, descriptor);
  Object.defineProperty(CatsController.prototype, name, descriptor);
}
Controller('cats')(CatsController);
class AppModule {}
Module({ controllers: [CatsController] })(AppModule);

const app = await NestFactory.create(AppModule, { logger: false });
await app.init();
const { paths } = SwaggerModule.createDocument(app, new DocumentBuilder().build());
await app.close();
const ids = Object.entries(paths).map(([path, { get }]) => `${path}: ${get.operationId}`);
const { version } = createRequire(import.meta.url)('@nestjs/swagger/package.json');
console.log(`@nestjs/swagger ${version}, node ${process.version}`);
console.log(ids.join('\n'));
const isAsSeen = ids.join() === '/cats/list: CatsController_timed,/cats/read: CatsController_timed';
console.log(isAsSeen ? 'Both operations are named after the wrapper.' : 'The behaviour has changed.');
process.exit(isAsSeen ? 0 : 1);
JS
node wrapped.mjs
