# ruby json_jwt_verify.rb <JWKS URI> <issuer> <audience> <algorithm>, and tokens on the standard input, one a line.
require 'json/jwt'
require 'net/http'

jwks_uri, issuer, audience, algorithm = ARGV
keys = JSON::JWK::Set.new(JSON.parse(Net::HTTP.get(URI(jwks_uri))))

$stdin.each_line(chomp: true) do |token|
  claims = JSON::JWT.decode(token, keys, [algorithm.to_sym]) # compares symbols
  # decode compares no claim.
  raise JSON::JWT::VerificationFailed, 'expired' unless claims[:exp].to_i > Time.now.to_i
  raise JSON::JWT::VerificationFailed, 'another issuer' unless claims[:iss] == issuer
  raise JSON::JWT::VerificationFailed, 'another audience' unless Array(claims[:aud]).include?(audience)
  puts claims[:sub]
rescue JSON::JWT::Exception, JSON::JWK::Set::KidNotFound => error
  puts "rejected: #{error.message}"
end
