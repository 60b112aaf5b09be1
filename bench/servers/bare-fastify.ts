import { fastify } from 'fastify';

const server = fastify();
server.get('/hello', () => Promise.resolve({ hello: 'world' }));
process.stdout.write(`listens at ${await server.listen({ port: 0, host: '127.0.0.1' })}\n`);
