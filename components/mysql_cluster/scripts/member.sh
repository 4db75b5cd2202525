# Writes the configuration of a member of the topology. One whose volume is new while the others know it from before is put out
# and taken in again by them, because what it promised is lost: it must not vote as the one that it was.
# shellcheck shell=sh disable=SC2153,SC2154 # functions.sh, values.sh and certificate.sh come before
own=$POD_NAME.$OWN
# Arguments: a member's host, what to do, and with what. The image has no other client that speaks HTTP.
members() {
  printf 'POST /v3/cluster/member/%s HTTP/1.0\r\nHost: %s\r\nContent-Length: %s\r\n\r\n%s' "$2" "$1" "${#3}" "$3" |
    timeout 10 openssl s_client -quiet -verify_return_error -verify_hostname "$1" -CAfile "$RUN/ca.crt" \
      -connect "$1:$CLIENT" 2>/dev/null | tr -d '\r\n'
}
# Asks each of the others until one that knows a majority answers.
find_members() {
  for url in $(echo "$SERVERS" | tr , ' '); do
    host=${url#https://} host=${host%:*}
    [ "$host" != "$own" ] || continue
    listed=$(members "$host" list '{"linearizable":true}')
    case $listed in *' 200 '*'"members":['*) return ;; esac
  done
  return 1
}
state=new
# A new pod's traffic may be refused until the node knows its NetworkPolicy; at the first start nobody answers at all.
tries=8
# Nobody else is there to be asked.
case $SERVERS in *,*) ;; *) tries=0 ;; esac
until [ -d "$DATA/member" ] || find_members || [ $tries = 0 ]; do tries=$((tries - 1)); sleep 1; done
if [ ! -d "$DATA/member" ] && [ $tries != 0 ]; then
  mine=$(echo "$listed" | tr '{' '\n' | grep -F "https://$own:$PEER\"" || :)
  case $mine in
    # One that began with all the others and has not said yet where it is.
    *'"name":"'[!\"]*) case $mine in *'"clientURLs":['*) state=lost ;; esac ;;
    # It was taken in before, by a pod that ended.
    *'"ID":'*) state=existing ;;
    *) state=lost ;;
  esac
fi
if [ $state = lost ]; then
  id=$(echo "$mine" | sed -n 's/.*"ID":"\([0-9]*\)".*/\1/p')
  if [ -n "$id" ]; then members "$host" remove "{\"ID\":\"$id\"}" >/dev/null; fi
  said=$(members "$host" add "{\"peerURLs\":[\"https://$own:$PEER\"]}")
  case $said in *' 200 '*) ;; *) fail "the other members do not take $POD_NAME in again: $said" ;; esac
  echo "the volume of $POD_NAME is new: the other members took it in again"
  state=existing
fi
printf '%s\n' "$@" "initial-cluster-state: $state" >"$RUN/etcd.yaml"
