// A real OpenID provider for the tests: npm's oidc-provider with its development sign-in pages.
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { modules, folder, issuer, port, kids, clients } = JSON.parse(process.argv[2]);
const { default: Provider } = await import(pathToFileURL(join(modules, 'oidc-provider', 'lib', 'index.js')));

const keys = kids.map((kid) => {
  const file = join(folder, `${kid}.jwk`);
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwk = { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
    writeFileSync(file, JSON.stringify(jwk), { mode: 0o600 });
  }
  return JSON.parse(readFileSync(file, 'utf8'));
});

const provider = new Provider(issuer, {
  clients,
  jwks: { keys },
  cookies: { keys: ['tests only'] },
  claims: { openid: ['sub'], profile: ['name'] },
  conformIdTokenClaims: false,
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, name: `Person ${id}` }) }),
  ttl: { AuthorizationCode: (ctx, token, client) => (client.clientId === 'brief' ? 1 : 60), Session: 3600,
    Interaction: 3600, Grant: 3600, IdToken: 600, AccessToken: 600 },
});
provider.on('server_error', (ctx, error) => console.error(error));
provider.listen(port, () => console.log('listening'));
