"""The search for passwords finds every form in which programs write them."""

import gzip
from urllib.parse import quote

import pytest

from lab.scan.canaries import Canary, Hit, readable, search
from lab.scan.processes import judged

CANARY = Canary("app", "app/0123456789abcdef01234567+=89abcdef:")


@pytest.mark.parametrize(
    "text",
    [
        "app%2F0123456789abcdef01234567%2B%3D89abcdef%3A",
        "app%2f0123456789abcdef01234567%2b%3d89abcdef%3a",
        quote(CANARY.value),
        # As Go writes it in a path, and in the user part of a URL.
        "app%2F0123456789abcdef01234567+=89abcdef:",
        "app%2F0123456789abcdef01234567+=89abcdef%3A",
    ],
)
def test_a_password_in_any_part_of_a_url_is_found(text):
    assert search({"logs": [f"mysql://{text}@db".encode()]}, [CANARY]) == [Hit("logs", "app", "url")]


def test_a_password_in_the_base64_of_urls_is_found():
    # Its text has a letter that the two alphabets write differently.
    canary = Canary("app", "app/~~~>>>???")
    assert search({"logs": [b"YXBwL35-fj4-Pj8_Pw=="]}, [canary]) == [Hit("logs", "app", "base64")]
    assert search({"logs": [b"YXBwL35+fj4+Pj8/Pw=="]}, [canary]) == [Hit("logs", "app", "base64")]


def test_a_password_is_written_in_all_four_forms():
    hits = search({"logs": [CANARY.written().encode()]}, [CANARY])
    assert [hit.form for hit in hits] == ["base64", "hex", "raw", "url"]


def test_what_gzip_packed_is_read():
    assert readable(gzip.compress(b"text")) == b"text"
    assert readable(b"text") == b"text"
    assert readable(gzip.compress(b"text")[:-3]).startswith(b"\x1f\x8b"), "half of a file is left as it is"


def test_of_pulumis_environments_one_variable_of_one_process_is_not_judged():
    environment = b"PULUMI_CONFIG={}\0PULUMI_STACK=dev\0OTHER=x"
    program = b"python\0bin/pulumi-language-python-exec\0--monitor"
    assert judged(program, environment) == b"PULUMI_STACK=dev\0OTHER=x"
    assert judged(b"pulumi\0up", environment) == environment
