"""Makes one token by PyJWT."""
import json
import sys

import jwt

question = json.load(sys.stdin)
token = jwt.encode(
    question["claims"], question["key"], algorithm=question["algorithm"], headers=question["headers"]
)
print(token)
