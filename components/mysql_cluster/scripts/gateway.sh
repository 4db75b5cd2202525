# Writes the users' file of a gateway from a Secret's files, and makes a certificate where none is given.
# shellcheck shell=sh disable=SC2034,SC2153,SC2154 # functions.sh and values.sh come before
source=$SECRETS
# The value of a key as text in JSON, whatever is in it.
json() {
  read_key "$1"
  printf '"'
  for byte in $(printf %s "$text" | od -An -v -tx1); do
    # shellcheck disable=SC2059 # the byte itself
    case $byte in
      [0-7]?) printf '\\u00%s' "$byte" ;;
      *) printf "\\$(printf %o "0x$byte")" ;;
    esac
  done
  printf '"'
}
entry() { printf '{"Password": ' && json "$1" && printf ', "UserData": ' && json username && printf '}'; }
{
  printf '{' && json username && printf ': [' && entry password
  if [ -e "$SECRETS/previous-password" ]; then printf ', ' && entry previous-password; fi
  echo ']}'
} >"$RUN/users.json"
if [ "$CERTIFICATE" = no ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=vtgate \
    -addext "subjectAltName=DNS:$HOST" -keyout "$RUN/tls.key" -out "$RUN/tls.crt" 2>/dev/null
fi
