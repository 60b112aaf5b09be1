"""Judges tokens by PyJWT, from the key set alone."""
import json
import sys

import jwt

question = json.load(sys.stdin)
client = jwt.PyJWKClient(question["jwksUri"])


def verdict(token):
    try:
        claims = jwt.decode(
            token,
            client.get_signing_key_from_jwt(token).key,
            algorithms=[question["algorithm"]],
            issuer=question["issuer"],
            audience=question["audience"],
            options={"require": ["iss", "sub", "aud", "iat", "exp", "jti"]},
        )
        return claims["sub"]
    except jwt.PyJWTError as error:
        return "refused: " + repr(error)


print(json.dumps([verdict(token) for token in question["tokens"]]))
