import { Module } from '@nestjs/common';
import { PosternModule } from 'postern';
import { AddCostCentre1764100000000 } from './add-cost-centre.migration.js';
import { AppController } from './app.controller.js';
import { Employee } from './employee.entity.js';

@Module({
  imports: [
    PosternModule.forRoot({
      issuer: 'http://localhost:3000',
      secret: process.env.SECRET ?? '',
      databaseUrl: process.env.DATABASE_URL ?? '',
      redisUrl: process.env.REDIS_URL,
      productName: process.env.PRODUCT_NAME,
      auth: { maximumLifetimeSeconds: undefined, rememberedProofs: { entries: undefined } },
      password: { argon2: { memoryKiB: process.env.MEMORY ? Number(process.env.MEMORY) : undefined } },
      mailer: undefined,
      controllers: { users: { admin: process.env.ADMINISTERED === 'no' ? false : undefined } },
      user: Employee,
      migrations: [AddCostCentre1764100000000],
    }),
  ],
  controllers: [AppController],
})
export class AppModule {}
