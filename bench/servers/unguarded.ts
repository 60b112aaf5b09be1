import 'reflect-metadata';
import { helloModule, serve } from './serve.js';

await serve(helloModule({}));
