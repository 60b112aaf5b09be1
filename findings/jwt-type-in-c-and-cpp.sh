#!/usr/bin/env bash
# libjwt 1.10.2 and cpp-jwt 1.4 take a token only if its optional header `typ` is absent or is JWT. With the type of RFC 9068,
# at+jwt, the one answers EINVAL to decode and the other throws "type mismatch", although key, signature, and claims are the
# same. Neither has an option for the type, so these two libraries of Debian 12 read no RFC 9068 access token.
# Needs Debian 12 (amd64) with gcc, g++, node, libjansson4, and libssl-dev; the packages go into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq -o APT::Sandbox::User=root download libjwt0=1.10.2-1+deb12u1 libjwt-dev=1.10.2-1+deb12u1 libcpp-jwt-dev=1.4+ds-3 nlohmann-json3-dev=3.11.2-2 >/dev/null
for package in *.deb; do dpkg -x "$package" root; done
cat >tokens.mjs <<'JS'
import { createHmac } from 'node:crypto';
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
for (const typ of [undefined, 'JWT', 'at+jwt']) {
  const signed = `${part({ alg: 'HS256', ...(typ && { typ }) })}.${part({ sub: 'alice' })}`;
  console.log(`${signed}.${createHmac('sha256', 'a secret of thirty-two bytes or more').update(signed).digest('base64url')}`);
}
JS
cat >c.c <<'C'
#include <jwt.h>
#include <stdio.h>
#include <string.h>
int main(void) {
  char token[4096];
  const char *secret = "a secret of thirty-two bytes or more";
  while (fgets(token, sizeof token, stdin)) {
    jwt_t *jwt = NULL;
    token[strcspn(token, "\n")] = '\0';
    int error = jwt_decode(&jwt, token, (const unsigned char *)secret, (int)strlen(secret));
    printf("libjwt: %s\n", error ? strerror(error) : jwt_get_grant(jwt, "sub"));
  }
}
C
cat >cpp.cpp <<'CPP'
#include <iostream>
#include <jwt/jwt.hpp>
int main() {
  for (std::string token; std::getline(std::cin, token);) {
    std::cout << "cpp-jwt: ";
    try {
      using namespace jwt::params;
      auto jwt = jwt::decode(token, algorithms({"HS256"}), secret("a secret of thirty-two bytes or more"));
      std::cout << jwt.payload().get_claim_value<std::string>("sub") << "\n";
    } catch (const std::exception &error) {
      std::cout << error.what() << "\n";
    }
  }
}
CPP
libraries=root/usr/lib/x86_64-linux-gnu
gcc -Iroot/usr/include -o c c.c "$(ls $libraries/libjwt.so.* | head -1)" -Wl,-rpath,"$PWD/$libraries"
g++ -w -std=c++17 -Iroot/usr/include -o cpp cpp.cpp -lcrypto
node tokens.mjs >tokens
seen=$(./c <tokens && ./cpp <tokens)
printf 'no typ, JWT, at+jwt:\n%s\n' "$seen"
[ "$seen" = 'libjwt: alice
libjwt: alice
libjwt: Invalid argument
cpp-jwt: alice
cpp-jwt: alice
cpp-jwt: type mismatch' ]
