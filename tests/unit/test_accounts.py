import re

from hypothesis import given
from hypothesis import strategies as st

from components import accounts

passwords = st.text(st.characters(blacklist_characters="\n\r\0", blacklist_categories=["Cs"]), min_size=1, max_size=60)


def mysql_reads(literal: str) -> str:
    """A string literal as MySQL reads it: '' and \\x for the two characters that sql_string changes."""
    assert literal[0] == literal[-1] == "'"
    body = literal[1:-1]
    assert re.fullmatch(r"(?:''|\\.|[^'\\])*", body, re.DOTALL), "the literal ends early"
    return re.sub(r"''|\\(.)", lambda match: match[1] or "'", body, flags=re.DOTALL)


@given(passwords)
def test_no_password_ends_its_sql_string_or_changes_in_it(password):
    assert mysql_reads(accounts.sql_string(password)) == password


def test_the_statements_that_mysqld_runs_at_every_start():
    assert accounts.init_sql("my_app", "app", "p'w", "r\\t").splitlines() == [
        "SET SESSION sql_mode = DEFAULT;",
        "CREATE DATABASE IF NOT EXISTS `my_app`;",
        "ALTER USER 'root'@'localhost' IDENTIFIED BY 'r\\\\t';",
        "CREATE USER IF NOT EXISTS 'app'@'%' IDENTIFIED BY 'p''w' REQUIRE SSL;",
        "ALTER USER 'app'@'%' IDENTIFIED BY 'p''w' REQUIRE SSL ACCOUNT UNLOCK;",
        "REVOKE ALL PRIVILEGES, GRANT OPTION FROM 'app'@'%';",
        "GRANT ALTER, CREATE, DELETE, DROP, INDEX, INSERT, REFERENCES, SELECT, UPDATE ON `my\\_app`.* TO 'app'@'%';",
    ]


@given(passwords)
def test_every_statement_stays_on_one_line_because_mysqld_reads_its_file_by_lines(password):
    assert accounts.init_sql("a", "a", password, password).count("\n") == 7


@given(passwords, passwords)
def test_a_changed_secret_gets_another_name_and_an_unchanged_one_keeps_it(one, other):
    assert (accounts.fingerprint(one, "x") == accounts.fingerprint(other, "x")) == (one == other)


def test_two_instances_with_the_same_passwords_do_not_show_it():
    assert accounts.fingerprint("same", "one") != accounts.fingerprint("same", "other")
