import { Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { DataSource } from 'typeorm';

/**
 * Checks that only Postern's DataSource has no name. With two of them, each module would get one of the two by chance.
 *
 * @throws Error that says what to write
 */
@Injectable()
export class OneDataSourceCheck {
  constructor(modules: ModulesContainer) {
    const all = [...modules.values()];
    const owners = all.filter(({ metatype, providers }) => {
      return metatype.name === 'TypeOrmCoreModule' && providers.has(DataSource);
    });
    if (owners.length < 2) return;
    throw new Error(
      'The application has a second TypeOrmModule.forRoot without a name. PersistenceModule provides the DataSource without a name: ' +
        "give yours a name, TypeOrmModule.forRoot({ name: 'app', … }), and write TypeOrmModule.forFeature([…], 'app') and " +
        "@InjectRepository(Entity, 'app') for its entities. To store entities in the database of Postern, remove the second forRoot.",
    );
  }
}
