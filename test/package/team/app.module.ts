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
      user: Employee,
      migrations: [AddCostCentre1764100000000],
    }),
  ],
  controllers: [AppController],
})
export class AppModule {}
