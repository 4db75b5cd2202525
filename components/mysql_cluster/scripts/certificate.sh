# Makes the pod's certificate, signed by the cluster's authority, and `ask`, by which scripts and people ask the topology. The
# authority's own certificate is made here, too: with one key and one name, that of each pod stands for the same authority.
# shellcheck shell=sh disable=SC2153,SC2154 # functions.sh and values.sh come before
printf '%s\n' '[req]' distinguished_name=name prompt=no '[name]' "CN=$INSTANCE" \
  '[authority]' basicConstraints=critical,CA:TRUE keyUsage=critical,keyCertSign subjectKeyIdentifier=hash \
  '[peer]' extendedKeyUsage=serverAuth,clientAuth authorityKeyIdentifier=keyid \
  "${OWN:+subjectAltName=DNS:$POD_NAME.$OWN}" >"$RUN/openssl.cnf"
certified() {
  openssl req -x509 -config "$RUN/openssl.cnf" -extensions authority -key "$AUTHORITY" -days 3650 -out "$RUN/ca.crt" &&
    openssl req -new -config "$RUN/openssl.cnf" -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
      -keyout "$RUN/peer.key" -out "$RUN/peer.csr" &&
    openssl x509 -req -in "$RUN/peer.csr" -CA "$RUN/ca.crt" -CAkey "$AUTHORITY" -days 3650 -extensions peer \
      -extfile "$RUN/openssl.cnf" -set_serial "0x1$(od -An -N15 -tx1 /dev/urandom | tr -d ' \n')" -out "$RUN/peer.crt"
}
certified 2>"$RUN/said" || fail "no certificate could be made: $(tail -n 1 "$RUN/said")"
cat >"$RUN/ask" <<SH
# sh $RUN/ask GetTablets
SSL_CERT_FILE=$RUN/ca.crt exec vtctldclient --server internal $TOPOLOGY $SHOWN "\$@"
SH
# Options of MySQL's clients, after those of client(): the server must be who it says it is.
verified() { printf '%s\n' '[client]' ssl-mode=VERIFY_IDENTITY "ssl-ca=$RUN/ca.crt"; }
