import { Inject, Module, UseGuards } from '@nestjs/common';
import type { ModuleMetadata, Type } from '@nestjs/common';
import { Field, GraphQLModule, Mutation, ObjectType, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { ApolloDriver } from '@nestjs/apollo';
import type { ApolloDriverConfig } from '@nestjs/apollo';
import { ExpressAdapter } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { GraphQLError } from 'graphql';
import { AuthModule, CurrentPrincipal, JwtAuthGuard, OwnIssuerOnly, Public, RequireScopes } from 'postern/auth';
import type { AuthStructure, Principal } from 'postern/auth';
import { ProblemModule } from 'postern/problem';
import { TestIssuer } from 'postern/testing/auth';

const issuer = new TestIssuer('orders');

@ObjectType()
class Payroll {
  @Field(() => String, { nullable: true })
  note?: string | null;
}

/** The fields that ran although the guard should have rejected the request. */
class Reached {
  readonly fields: string[] = [];
}

@Resolver(() => Payroll)
class PayrollResolver {
  constructor(@Inject(Reached) private readonly reached: Reached) {}

  @RequireScopes('payroll:read')
  @Query(() => Payroll)
  payroll(): Payroll {
    return {};
  }

  @RequireScopes('payroll:write')
  @Mutation(() => Payroll)
  administer(): Payroll {
    return {};
  }

  @ResolveField(() => [String])
  salaries(): string[] {
    this.reached.fields.push('salaries');
    return ['ada 120000'];
  }

  @Query(() => String)
  whoami(@CurrentPrincipal() principal: Principal): string {
    return principal.subject;
  }

  @Public()
  @Query(() => String)
  open(@CurrentPrincipal() principal?: Principal): string {
    return `open to ${principal?.subject ?? 'every client'}`;
  }

  @Public()
  @Query(() => String)
  broken(): string {
    throw new Error('postgres://root:hunter2@db');
  }

  @Public()
  @Query(() => String)
  own(): string {
    throw new GraphQLError('The team says so.', { extensions: { code: 'OF_THE_TEAM' } });
  }
}

interface Answer {
  readonly data: Record<string, unknown> | null;
  readonly errors?: readonly { message: string; extensions?: Record<string, unknown> }[];
}

async function serve(
  structure: AuthStructure = {},
  imports: ModuleMetadata['imports'] = [],
  resolver: Type = PayrollResolver,
  options: Partial<ApolloDriverConfig> = {},
) {
  const reached = new Reached();
  @Module({
    imports: [
      ...imports,
      AuthModule.forRoot({ ...issuer.settings, ...structure }),
      GraphQLModule.forRoot<ApolloDriverConfig>({
        driver: ApolloDriver,
        autoSchemaFile: true,
        ...options,
      }),
    ],
    providers: [resolver, { provide: Reached, useValue: reached }],
  })
  class TeamModule {}
  const module = await Test.createTestingModule({ imports: [TeamModule] }).compile();
  const app = module.createNestApplication(new ExpressAdapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  const url = `${await app.getUrl()}/graphql`;
  const ask = async (query: string, token?: string): Promise<Answer> => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
    return (await response.json()) as Answer;
  };
  return { app, ask, reached };
}

describe.each([
  ['alone', []],
  ['beside ProblemModule', [ProblemModule.forRoot({})]],
])('GraphQL with AuthModule %s', (_name, imports) => {
  let served: Awaited<ReturnType<typeof serve>>;

  beforeAll(async () => {
    served = await serve(undefined, imports);
  });
  afterAll(() => served.app.close());

  it.each([
    ['no token', undefined, 'invalid-token', 401],
    ['a forged token', 'x.y.z', 'invalid-token', 401],
    ['a token without the scope', issuer.token({ subject: 'eve' }), 'insufficient-scope', 403],
  ] as const)(
    'an operation with %s is rejected before any of its fields runs, with the reason',
    async (_who, token, code, status) => {
      const queries = ['{ payroll { salaries note } }', 'mutation { administer { salaries note } }'];
      for (const query of queries) {
        const { data, errors } = await served.ask(query, token);
        expect(data).toBeNull();
        expect(errors).toEqual([expect.objectContaining({ extensions: expect.objectContaining({ code, status }) })]);
        expect(JSON.stringify(errors)).not.toMatch(/salaries|stack/);
      }
      expect(served.reached.fields).toEqual([]);
    },
  );

  it('a token with the scope is accepted, and the resolver receives its principal', async () => {
    const token = issuer.token({ subject: 'ada', scopes: ['payroll:read'] });
    expect(await served.ask('{ payroll { salaries } whoami }', token)).toEqual({
      data: { payroll: { salaries: ['ada 120000'] }, whoami: 'ada' },
    });
  });

  it('a public operation has no principal, even if another operation of the request is not public', async () => {
    const token = issuer.token({ subject: 'ada' });
    expect((await served.ask('{ whoami open }', token)).data).toEqual({ whoami: 'ada', open: 'open to every client' });
    expect((await served.ask('{ open }')).data).toEqual({ open: 'open to every client' });
  });

  it('errors that the team wrote for the client stay unchanged', async () => {
    const { errors } = await served.ask('{ own }');
    expect(errors).toEqual([
      expect.objectContaining({ message: 'The team says so.', extensions: { code: 'OF_THE_TEAM' } }),
    ]);
  });
});

describe('GraphQL', () => {
  let served: Awaited<ReturnType<typeof serve>>;

  afterEach(() => served?.app.close());

  it('ProblemModule hides internal details in GraphQL errors', async () => {
    served = await serve(undefined, [ProblemModule.forRoot({})]);
    const { errors } = await served.ask('{ broken }');
    expect(errors).toEqual([
      expect.objectContaining({ extensions: expect.objectContaining({ code: 'internal-error' }) }),
    ]);
    expect(JSON.stringify(errors)).not.toContain('hunter2');
  });

  it('a resolver is closed if the context of the operation has no request', async () => {
    served = await serve({}, [], PayrollResolver, { context: () => ({ req: {} }) });
    const token = issuer.token({ subject: 'ada', scopes: ['payroll:read'] });
    const { data, errors } = await served.ask('{ payroll { salaries } }', token);
    expect(data).toBeNull();
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'guard-context-unsupported' });
    expect(served.reached.fields).toEqual([]);
  });

  it('a resolver keeps its scopes when a decorator wraps it or a subclass overrides it', async () => {
    const Timed = (): MethodDecorator => (_target, _name, descriptor) => {
      const original = descriptor.value as (...args: unknown[]) => unknown;
      (descriptor as PropertyDescriptor).value = function timed(...args: unknown[]) {
        return original.apply(this, args);
      };
    };
    @Public()
    @Resolver(() => Payroll, { isAbstract: true })
    class SharedResolver {
      @Query(() => String)
      @Timed()
      @RequireScopes('payroll:read')
      inherited(): string {
        return 'inherited';
      }

      @RequireScopes('payroll:read')
      @Query(() => String)
      overridden(): string {
        return 'base';
      }
    }
    @Resolver(() => Payroll)
    class TeamResolver extends SharedResolver {
      @Query(() => String)
      override overridden(): string {
        return 'overridden';
      }
    }
    served = await serve(undefined, [], TeamResolver);
    const eve = issuer.token({ subject: 'eve' });
    const ada = issuer.token({ subject: 'ada', scopes: ['payroll:read'] });
    for (const name of ['inherited', 'overridden']) {
      const answers = [await served.ask(`{ ${name} }`), await served.ask(`{ ${name} }`, eve)];
      expect(answers.map(({ errors }) => errors?.[0]?.extensions?.['code'])).toEqual([
        'invalid-token',
        'insufficient-scope',
      ]);
      expect(await served.ask(`{ ${name} }`, ada)).toEqual({ data: { [name]: name } });
    }
  });

  describe('field resolvers', () => {
    const resolverWith = (...decorators: MethodDecorator[]): Type => {
      const decorated: MethodDecorator = (...field) => {
        for (const decorate of decorators) decorate(...field);
      };
      @Resolver(() => Payroll)
      class TeamResolver {
        @Public()
        @Query(() => Payroll)
        employee(): Payroll {
          return {};
        }

        @decorated
        @ResolveField(() => String)
        salary(): string {
          return '120000';
        }
      }
      return TeamResolver;
    };

    it.each([
      ['@RequireScopes', RequireScopes('payroll:read')],
      ['@OwnIssuerOnly', OwnIssuerOnly()],
      ['@UseGuards', UseGuards(JwtAuthGuard)],
    ])('the start fails if no guard would read %s', async (_name, decorator) => {
      const starting = serve(undefined, [], resolverWith(decorator));
      await expect(starting).rejects.toThrow(/TeamResolver\.salary seems guarded and is not.*fieldResolverEnhancers/);
    });

    it('a field is guarded if `fieldResolverEnhancers` includes guards, and the error gives the reason', async () => {
      const resolver = resolverWith(RequireScopes('payroll:read'), UseGuards(JwtAuthGuard));
      served = await serve(undefined, [], resolver, { fieldResolverEnhancers: ['guards', 'filters'] });
      const query = '{ employee { salary } }';
      const { data, errors } = await served.ask(query, issuer.token({ subject: 'eve' }));
      expect(data).toBeNull();
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'insufficient-scope' });
      const answer = await served.ask(query, issuer.token({ subject: 'ada', scopes: ['payroll:read'] }));
      expect(answer.data).toEqual({ employee: { salary: '120000' } });
    });

    it('the application starts if every client that sees an object may see its field', async () => {
      served = await serve(undefined, [], resolverWith());
      expect((await served.ask('{ employee { salary } }')).data).toEqual({ employee: { salary: '120000' } });
    });
  });
});
