"""python3 pyjwt_verify.py <JWKS URI> <issuer> <audience> <algorithm>, and tokens on the standard input, one a line."""
import sys

import jwt

jwks_uri, issuer, audience, algorithm = sys.argv[1:]
keys = jwt.PyJWKClient(jwks_uri)

for token in sys.stdin.read().split():
    try:
        claims = jwt.decode(
            token,
            keys.get_signing_key_from_jwt(token).key,
            algorithms=[algorithm],
            issuer=issuer,
            audience=audience,
            options={"require": ["iss", "sub", "aud", "iat", "exp", "jti"]},
        )
        print(claims["sub"])
    except jwt.PyJWTError as error:
        print("rejected:", repr(error))
