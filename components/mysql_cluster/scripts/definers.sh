# Clients' statements run as this account, whoever made a view or a routine. Rows are on lines that begin otherwise.
# shellcheck shell=sh disable=SC2016 # quotation marks of SQL
definers() {
  LC_ALL=C sed -E '/^(CREATE|\/\*!50013|\/\*!50(003|106) CREATE\*\/ \/\*!50[01]17) DEFINER=/s/DEFINER=`[^`]*`@`[^`]*`/DEFINER=`vt_app`@`localhost`/'
}
