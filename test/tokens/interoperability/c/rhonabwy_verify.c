/* rhonabwy_verify <JWKS URI> <issuer> <audience> <algorithm>, and tokens on the standard input, one a line. */
#include <rhonabwy.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
  char token[8192 + 2];
  jwks_t *keys;
  if (argc != 5 || r_global_init() != RHN_OK || r_jwks_init(&keys) != RHN_OK) return 2;
  /* The answer may be RHN_ERROR_PARAM for a set with a key of an unknown kind: the other keys are there. */
  r_jwks_import_from_uri(keys, argv[1], 0);
  if (r_jwks_size(keys) == 0) return 2;

  while (fgets(token, sizeof token, stdin)) {
    jwt_t *jwt;
    jwk_t *key = NULL;
    token[strcspn(token, "\n")] = '\0';
    if (r_jwt_init(&jwt) != RHN_OK) return 2;
    if (r_jwt_advanced_parse(jwt, token, R_PARSE_NONE, R_FLAG_IGNORE_REMOTE) == RHN_OK &&
        r_jwt_get_sign_alg(jwt) == r_str_to_jwa_alg(argv[4]) &&
        r_jwt_get_header_str_value(jwt, "kid") != NULL &&
        (key = r_jwks_get_by_kid(keys, r_jwt_get_header_str_value(jwt, "kid"))) != NULL &&
        r_jwt_verify_signature(jwt, key, R_FLAG_IGNORE_REMOTE) == RHN_OK &&
        r_jwt_validate_claims(jwt, R_JWT_CLAIM_ISS, argv[2], R_JWT_CLAIM_AUD, argv[3], /* aud as a string */
                              R_JWT_CLAIM_EXP, R_JWT_CLAIM_NOW, R_JWT_CLAIM_NOP) == RHN_OK)
      printf("%s\n", r_jwt_get_claim_str_value(jwt, "sub"));
    else
      printf("rejected: no such key, a bad signature, or a wrong claim\n");
    r_jwk_free(key);
    r_jwt_free(jwt);
  }
  r_jwks_free(keys);
  r_global_close();
  return 0;
}
