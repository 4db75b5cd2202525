#!/bin/sh
# The API server is ready: the other daemons may start. Server-side apply repairs what is missing and changes nothing else.
set -eu
touch /run/api
/run/kubectl --kubeconfig=/run/kubeauth/conf/super-admin.conf --cache-dir=/run/kubeauth/kubectl \
  apply --server-side --force-conflicts --validate=false -f /run/kubeauth/etc/addons.yaml
# Kept: from the second start on, the daemons that need these roles do not have to wait.
touch /run/kubeauth/conf/addons
