"""Judges tokens by Authlib, from the key set alone."""
import json
import sys
from urllib.request import urlopen

from authlib.common.errors import AuthlibBaseError
from authlib.jose import JsonWebKey, JsonWebToken

question = json.load(sys.stdin)
with urlopen(question["jwksUri"]) as answer:
    keys = JsonWebKey.import_key_set(json.load(answer))
rules = {
    "iss": {"essential": True, "value": question["issuer"]},
    "aud": {"essential": True, "value": question["audience"]},
    "sub": {"essential": True},
    "exp": {"essential": True},
}


def verdict(token):
    try:
        claims = JsonWebToken([question["algorithm"]]).decode(token, keys, claims_options=rules)
        claims.validate()
        return claims["sub"]
    except (AuthlibBaseError, ValueError) as error:
        return "refused: " + repr(error)


print(json.dumps([verdict(token) for token in question["tokens"]]))
