# perl crypt_jwt_verify.pl <JWKS URI> <issuer> <audience> <algorithm>, and tokens on the standard input, one a line.
use strict;
use warnings;
use Crypt::JWT qw(decode_jwt);
use HTTP::Tiny;

my ($jwks_uri, $issuer, $audience, $algorithm) = @ARGV;
my $answer = HTTP::Tiny->new->get($jwks_uri);
die "$answer->{status} $answer->{reason}\n" unless $answer->{success};

while (my $token = <STDIN>) {
    chomp $token;
    my $claims = eval {
        decode_jwt(
            token        => $token,
            kid_keys     => $answer->{content},
            accepted_alg => $algorithm,
            verify_exp   => 1,
            verify_iss   => sub { $_[0] eq $issuer },
            # With several audiences the claim is a list.
            verify_aud   => sub { grep { $_ eq $audience } ref $_[0] ? @{ $_[0] } : $_[0] },
        );
    };
    print $claims ? "$claims->{sub}\n" : "rejected: " . $@ =~ s/\n.*//sr . "\n";
}
