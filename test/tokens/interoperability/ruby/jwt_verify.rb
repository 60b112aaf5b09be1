# ruby jwt_verify.rb <JWKS URI> <issuer> <audience> <algorithm>, and tokens on the standard input, one a line.
require 'json'
require 'jwt'
require 'net/http'

jwks_uri, issuer, audience, algorithm = ARGV
jwks = nil
# The library calls this without kid_not_found first, and once more if the set has no such key.
keys = lambda do |options|
  jwks = nil if options[:kid_not_found]
  jwks ||= JSON.parse(Net::HTTP.get(URI(jwks_uri)), symbolize_names: true)
end
rules = {
  algorithms: [algorithm], # HS256 by default
  jwks: keys,
  iss: issuer, verify_iss: true,
  aud: audience, verify_aud: true,
  required_claims: %w[iss aud sub exp]
}

$stdin.each_line(chomp: true) do |token|
  claims, = JWT.decode(token, nil, true, rules)
  puts claims['sub']
rescue JWT::DecodeError => error
  puts "rejected: #{error.message}"
end
