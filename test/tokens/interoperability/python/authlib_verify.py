"""python3 authlib_verify.py <JWKS URI> <issuer> <audience> <algorithm>, and tokens on the standard input, one a line."""
import json
import sys
from urllib.request import urlopen

from authlib.common.errors import AuthlibBaseError
from authlib.jose import JsonWebKey, JsonWebToken

jwks_uri, issuer, audience, algorithm = sys.argv[1:]
with urlopen(jwks_uri) as answer:
    keys = JsonWebKey.import_key_set(json.load(answer))
rules = {
    "iss": {"essential": True, "value": issuer},
    "aud": {"essential": True, "value": audience},
    "sub": {"essential": True},
    "exp": {"essential": True},
}
tokens = JsonWebToken([algorithm])

for token in sys.stdin.read().split():
    try:
        claims = tokens.decode(token, keys, claims_options=rules)
        claims.validate()  # decode() compares no claim
        print(claims["sub"])
    except (AuthlibBaseError, ValueError) as error:
        print("rejected:", repr(error))
