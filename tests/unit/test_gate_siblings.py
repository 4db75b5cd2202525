"""What a gate overlooks that knows one form only: other volumes, entrances, rights, and kinds of other vendors."""

from typing import Any

import pytest

from cli.preview.model import SECRET, UNKNOWN

from .test_gate import every_place, put
from .test_gate_rules import DATABASE, DEPLOYMENT, change, found, rules

SERVICE, INGRESS = "kubernetes:core/v1:Service", "kubernetes:networking.k8s.io/v1:Ingress"
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
CLAIM = {"persistentVolumeClaim": {"claimName": "a"}}


def server(volume: Any = None, image: str = "mysql:9.7", spec: Any = None, mount: Any = None, **more: Any) -> Any:
    place = {"name": "data", "mountPath": "/var/lib/mysql", **(mount or {})}
    container = {"name": "c", "image": image, "volumeMounts": [place], **more}
    pod = {"containers": [container], "volumes": [{"name": "data", **(volume or CLAIM)}]}
    return {"spec": {"replicas": 1, **(spec or {}), "template": {"spec": pod}}}


def env(**values: str) -> dict[str, Any]:
    return {"env": [{"name": name, "value": value} for name, value in values.items()]}


@pytest.mark.parametrize(
    ("before", "after", "stopped"),
    [
        (server(), server({"persistentVolumeClaim": {"claimName": "b"}}), True),
        (server(), server({"emptyDir": {}}), True),
        (server({"hostPath": {"path": "/a"}}), server({"hostPath": {"path": "/b"}}), True),
        (server({"nfs": {"server": "a", "path": "/"}}), server({"nfs": {"server": "b", "path": "/"}}), True),
        (server(), server(mount={"subPath": "x"}), True),
        (server(), server(mount={"mountPath": "/data"}), True),
        (server(args=["--datadir=/a"]), server(args=["--datadir=/b"]), True),
        (server(image="postgres:17", **env(PGDATA="/a")), server(image="postgres:17", **env(PGDATA="/b")), True),
        (server(), server(spec={"replicas": 0}), True),
        (server(), server(spec={"replicas": 2}), True),
        (server(spec={"strategy": {"type": "Recreate"}}), server(spec={"strategy": {"type": "RollingUpdate"}}), True),
        (server(), server({"persistentVolumeClaim": {"claimName": "[known after up]"}}), False),
        (server({"emptyDir": {}}), server({"hostPath": {"path": "/b"}}), False),
        (server(mount={"readOnly": True}), server({"emptyDir": {}}, mount={"readOnly": True}), False),
        (server(spec={"replicas": 0}), server(), False),
        (server(image="web:1"), server({"emptyDir": {}}, image="web:1"), False),
        (server(), server(args=["--max-connections=5"]), False),
    ],
)
def test_a_servers_files_are_found_where_they_were_and_by_one_server(before, after, stopped):
    assert rules(change(DEPLOYMENT, before, after)) == (["database"] if stopped else [])


def test_of_a_claim_that_goes_only_its_own_finding_tells():
    gone = change("kubernetes:core/v1:PersistentVolumeClaim", {"metadata": {"name": "a"}}, None)
    other = server({"persistentVolumeClaim": {"claimName": "b"}})
    assert rules(gone, change(DEPLOYMENT, server(), other)) == ["claim"]


def test_a_server_on_a_folder_of_its_node_has_data_too():
    place = {"hostPath": {"path": "/a"}}
    assert rules(change(DEPLOYMENT, server(place), server(place, image="mysql:8.4"))) == ["server-version"]


@pytest.mark.parametrize(
    ("more", "stopped"),
    [
        (env(MYSQL_ALLOW_EMPTY_PASSWORD="yes"), True),
        (env(MARIADB_ALLOW_EMPTY_ROOT_PASSWORD="1"), True),
        (env(POSTGRES_HOST_AUTH_METHOD="trust"), True),
        ({"args": ["--skip-grant-tables"]}, True),
        ({"args": ["--skip_grant_tables=1"]}, True),
        ({"args": ["--skip-grant-tables=OFF"]}, False),
        (env(MYSQL_ALLOW_EMPTY_PASSWORD="no"), False),
        (env(POSTGRES_HOST_AUTH_METHOD="scram-sha-256"), False),
    ],
)
def test_a_server_does_not_stop_to_ask_for_passwords(more, stopped):
    assert rules(change(DEPLOYMENT, server(), server(**more))) == (["account"] if stopped else [])


def ingress(*paths: str, host: str = "a", annotations: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "metadata": {"annotations": annotations or {}},
        "spec": {"rules": [{"host": host, "http": {"paths": [{"path": path} for path in paths]}}], **more},
    }


def route(path: str, **more: Any) -> dict[str, Any]:
    return {"spec": {"hostnames": ["a"], "rules": [{"matches": [{"path": {"value": path}}]}], **more}}


NETWORKS = "nginx.ingress.kubernetes.io/whitelist-source-range"
FEW = ingress("/", annotations={NETWORKS: "10.0.0.0/8"})


@pytest.mark.parametrize(
    ("kind", "before", "after", "said"),
    [
        (INGRESS, ingress("/auth"), ingress("/"), "paths: a/"),
        (INGRESS, ingress("/auth"), ingress("/auth", "/admin"), "paths: a/admin"),
        (INGRESS, ingress("/"), ingress("/", "/auth"), ""),
        (INGRESS, ingress("/auth"), ingress("/auth/login"), ""),
        (INGRESS, ingress("/auth"), ingress("/auth", defaultBackend={"service": {}}), "hosts: *"),
        (INGRESS, ingress("/"), ingress("/", host=""), "hosts: *"),
        (INGRESS, ingress("/", ingressClassName="inner"), ingress("/", ingressClassName="outer"),
         "spec.ingressClassName: inner → outer"),
        (INGRESS, FEW, ingress("/"), f"annotation {NETWORKS}: 10.0.0.0/8 → none"),
        (INGRESS, FEW, ingress("/", annotations={NETWORKS: "10.1.0.0/16"}), ""),
        (INGRESS, ingress("/", annotations={"x/auth-url": "https://sso"}), ingress("/"),
         "annotation x/auth-url: https://sso → none"),
        (ROUTE, route("/auth"), route("/"), "paths: /"),
        (ROUTE, route("/auth"), {"spec": {"rules": route("/auth")["spec"]["rules"]}}, "hosts: *"),
        ("kubernetes:networking.istio.io/v1:VirtualService", None, {"spec": {"gateways": ["mesh"], "http": []}}, ""),
        ("kubernetes:networking.istio.io/v1:VirtualService", {"spec": {"http": []}},
         {"spec": {"gateways": ["outer"], "http": []}}, "new VirtualService"),
        (DEPLOYMENT, server(), server(ports=[{"containerPort": 3306, "hostPort": 3306}]), "hostPort: 3306"),
        (DEPLOYMENT, server(), server(ports=[{"containerPort": 3306}]), ""),
    ],
)  # fmt: skip
def test_an_entrance_does_not_open_wider_in_passing(kind, before, after, said):
    assert found(change(kind, before, after)) == ([("wider-service", said)] if said else [])


def test_pods_on_their_nodes_network_are_reachable_by_it():
    after = server()
    after["spec"]["template"]["spec"]["hostNetwork"] = True
    assert found(change(DEPLOYMENT, server(), after)) == [("wider-service", "hostNetwork: true")]


@pytest.mark.parametrize(
    "kind",
    ["networking.istio.io/v1:Gateway", "projectcontour.io/v1:HTTPProxy", "traefik.io/v1alpha1:IngressRouteTCP",
     "traefik.containo.us/v1alpha1:IngressRoute", "configuration.konghq.com/v1:TCPIngress",
     "getambassador.io/v3:Mapping", "multicluster.x-k8s.io/v1:ServiceExport"],
)  # fmt: skip
def test_an_entrance_of_any_kind_is_one(kind):
    assert rules(change(f"kubernetes:{kind}", None, {"spec": {}})) == ["wider-service"]


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("cilium.io/v2:CiliumNetworkPolicy", "network-policy"),
        ("crd.projectcalico.org/v1:GlobalNetworkPolicy", "network-policy"),
        ("security.istio.io/v1:AuthorizationPolicy", "network-policy"),
        ("admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding", "rights"),
        ("admissionregistration.k8s.io/v1:ValidatingWebhookConfiguration", "rights"),
        ("kyverno.io/v1:ClusterPolicy", "rights"),
        ("snapshot.storage.k8s.io/v1:VolumeSnapshot", "protection"),
        ("velero.io/v1:BackupStorageLocation", "protection"),
    ],
)
def test_what_protects_may_not_go_whoever_made_its_kind(kind, rule):
    assert rules(change(f"kubernetes:{kind}", {"metadata": {"name": "it"}}, None)) == [rule]


@pytest.mark.parametrize(
    ("old", "new", "stopped"),
    [("restricted", "baseline", True), ("restricted", None, True), ("baseline", "privileged", True),
     ("baseline", "restricted", False), (None, "baseline", False), ("restricted", "restricted", False)],
)  # fmt: skip
def test_pod_security_is_not_loosened_in_passing(old, new, stopped):
    before, after = (
        {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": it} if it else {}}} for it in (old, new)
    )
    assert rules(change("kubernetes:core/v1:Namespace", before, after)) == (["rights"] if stopped else [])


def role(resources: list[str], verbs: list[str], names: list[str] | None = None) -> dict[str, Any]:
    return {"rules": [{"apiGroups": [""], "resources": resources, "verbs": verbs, "resourceNames": names or []}]}


def binding(role: str, subject: str) -> dict[str, Any]:
    return {"roleRef": {"name": role}, "subjects": [{"kind": "Group", "name": subject}]}


@pytest.mark.parametrize(
    ("kind", "after", "stopped"),
    [
        ("Role", role(["secrets"], ["get"]), True),
        ("Role", role(["secrets"], ["get"], ["tls"]), False),
        ("Role", role(["secrets"], ["create"]), False),
        ("Role", role(["pods/exec"], ["create"]), True),
        ("Role", role(["serviceaccounts/token"], ["create"]), True),
        ("Role", role(["roles"], ["escalate"]), True),
        ("RoleBinding", binding("edit", "team"), True),
        ("RoleBinding", binding("view", "team"), False),
        ("RoleBinding", binding("own", "system:authenticated"), True),
        ("RoleBinding", binding("own", "team"), False),
    ],
)
def test_a_right_that_gives_others_is_stopped_in_one_namespace_too(kind, after, stopped):
    assert rules(change(f"kubernetes:rbac.authorization.k8s.io/v1:{kind}", None, after)) == (
        ["rights"] if stopped else []
    )


@pytest.mark.parametrize(
    ("kind", "before", "after", "stopped"),
    [
        (
            "security.istio.io/v1:PeerAuthentication",
            {"mtls": {"mode": "STRICT"}},
            {"mtls": {"mode": "PERMISSIVE"}},
            True,
        ),
        ("networking.istio.io/v1:DestinationRule", {"tls": {"mode": "MUTUAL"}}, {"tls": {"mode": "DISABLE"}}, True),
        ("networking.istio.io/v1:DestinationRule", {"tls": {"mode": "SIMPLE"}}, {"tls": {"mode": "MUTUAL"}}, False),
        ("networking.istio.io/v1:DestinationRule", {"tls": {"mode": "MUTUAL"}}, {}, True),
    ],
)
def test_a_mesh_does_not_stop_to_encrypt(kind, before, after, stopped):
    assert rules(change(f"kubernetes:{kind}", {"spec": before}, {"spec": after})) == (["tls"] if stopped else [])


def test_a_backup_keeps_its_copy_elsewhere_and_the_log_since():
    def job(*names: str) -> dict[str, Any]:
        pod = {"containers": [{"name": name} for name in names]}
        return {"spec": {"jobTemplate": {"spec": {"template": {"spec": pod}}}}}

    def pod(*names: str) -> dict[str, Any]:
        return {"spec": {"template": {"spec": {"containers": [{"name": name} for name in names]}}}}

    cron, parents = "kubernetes:batch/v1:CronJob", {"parents": DATABASE}
    assert found(change(cron, job("backup", "s3"), job("backup"), **parents)) == [
        ("protection", "containers: without s3")
    ]
    assert rules(change(cron, job("backup"), job("backup", "s3"), **parents)) == []
    assert rules(change(DEPLOYMENT, pod("db", "binary-log-s3"), pod("db"), **parents)) == ["protection"]
    assert rules(change(DEPLOYMENT, pod("db", "fill"), pod("db"), **parents)) == []


WHOLE = [
    (
        DEPLOYMENT,
        server(**env(PGDATA="/a")),
        server({"nfs": {"server": "a"}}, args=["--datadir=/b"], **env(PGDATA="/b")),
    ),
    (INGRESS, ingress("/a", annotations={NETWORKS: "10.0.0.0/8"}), ingress("/", ingressClassName="outer")),
    (ROUTE, route("/auth"), route("/", parentRefs=[{"name": "outer"}])),
    (
        "kubernetes:networking.istio.io/v1:VirtualService",
        {"spec": {"http": []}},
        {"spec": {"http": [], "hosts": ["a"]}},
    ),
    ("kubernetes:core/v1:Namespace", {"metadata": {"labels": {"a": "b"}}}, {"metadata": {"labels": {"a": "c"}}}),
    ("kubernetes:networking.istio.io/v1:DestinationRule", {"spec": {"tls": {"mode": "MUTUAL"}}}, {"spec": {}}),
]


@pytest.mark.parametrize("other", [UNKNOWN, SECRET, None])
@pytest.mark.parametrize("side", [1, 2])
@pytest.mark.parametrize("case", WHOLE)
def test_no_rule_breaks_on_what_is_secret_or_not_known_in_these_either(case, side, other):
    for path in every_place(case[side]):
        sides = [put(each, path, other) if number == side else each for number, each in enumerate(case)]
        rules(change(*sides))
