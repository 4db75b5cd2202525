import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.kubernetes.discovery import Endpoint, parse_endpoint

dns_label = st.from_regex(r"[a-z][a-z0-9-]{0,20}[a-z0-9]", fullmatch=True)


@given(service=dns_label, namespace=dns_label, port=st.integers(1, 65535))
def test_an_endpoint_of_a_service_names_its_namespace(service, namespace, port):
    host = f"{service}.{namespace}.svc.cluster.local"
    assert parse_endpoint(f"{host}:{port}") == Endpoint(host, port, namespace)


def test_a_database_outside_the_cluster_has_no_namespace():
    assert parse_endpoint("db.example.com:3307") == Endpoint("db.example.com", 3307, None)


def test_the_cluster_domain_decides_what_is_a_service():
    endpoint = "db.data.svc.corp.internal:3306"
    assert parse_endpoint(endpoint).namespace is None
    assert parse_endpoint(endpoint, "corp.internal").namespace == "data"


@pytest.mark.parametrize("endpoint", ["", "db", ":3306", "db:", "db:0", "db:65536", "db:x", "db:３３０６"])
def test_what_is_not_host_and_port_is_refused(endpoint):
    with pytest.raises(ValueError, match="is not <host>:<port>"):
        parse_endpoint(endpoint)
