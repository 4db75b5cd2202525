"""The gate's further rules, each on what it must stop and on near misses that must pass."""

from typing import Any

import pytest

from cli.preview import gate
from cli.preview.model import SECRET, UNKNOWN, Change, Preview

KEPT = Change("same", "urn:pulumi:prod::shop::kubernetes:core/v1:ConfigMap::kept", before={}, after={})
DATABASE = "kubeauth:index:MySqlDatabase$"


def change(kind: str, before: Any, after: Any, *, parents: str = "", **more: Any) -> Change:
    op = "create" if before is None else "delete" if after is None else "update"
    urn = f"urn:pulumi:prod::shop::{parents}{kind}::it"
    return Change(op, urn, before=before, after=after, **{"given": True, **more})


def found(*changes: Change) -> list[tuple[str, str]]:
    return [(it.rule, it.property) for it in gate.judge(Preview([KEPT, *changes]), "prod")]


def rules(*changes: Change) -> list[str]:
    return [rule for rule, _ in found(*changes)]


def workload(**container: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "mysql:9.7", **container}]}}}}


def args(*given: str) -> dict[str, Any]:
    return workload(args=list(given))


def env(**values: str) -> dict[str, Any]:
    return workload(env=[{"name": name, "value": value} for name, value in values.items()])


DEPLOYMENT = "kubernetes:apps/v1:Deployment"
ON = "--require-secure-transport=ON"


@pytest.mark.parametrize(
    ("before", "after", "stopped"),
    [
        (args(ON), args("--require-secure-transport=OFF"), True),
        (args(ON), args(), True),
        (args("--require_secure_transport"), args("--require-secure-transport=0"), True),
        (args(ON), args("--require_secure_transport=1"), False),
        (args("--require-secure-transport=OFF"), args(ON), False),
        (args(), args("--skip-ssl"), True),
        (args("--skip-ssl"), args("--skip-ssl", "-v"), False),
        (env(DB_TLS="verify-identity"), env(), True),
        (env(DB_TLS="verify-identity"), env(DB_TLS="require"), True),
        (env(PGSSLMODE="verify-full"), env(PGSSLMODE="verify-full"), False),
        (env(MYSQL_SSL_MODE="VERIFY_CA"), env(MYSQL_SSL_MODE="DISABLED"), True),
        (env(DB_TLS="require"), env(DB_TLS="verify-identity"), False),
        (env(DB_TLS="custom"), env(DB_TLS="other"), False),
        (env(DB_TLS="verify-identity"), env(DB_TLS=UNKNOWN), False),
    ],
)
def test_tls_may_not_be_switched_off_or_ask_less(before, after, stopped):
    assert rules(change(DEPLOYMENT, before, after)) == (["tls"] if stopped else [])


def ingress(*secured: str, **annotations: str) -> dict[str, Any]:
    rule = {"host": "shop.example.com", "http": {}}
    return {"metadata": {"annotations": annotations}, "spec": {"rules": [rule], "tls": [{"hosts": [*secured]}]}}


@pytest.mark.parametrize(
    ("kind", "before", "after", "stopped"),
    [
        ("kubernetes:networking.k8s.io/v1:Ingress", ingress("shop.example.com"), ingress(), True),
        ("kubernetes:networking.k8s.io/v1:Ingress", ingress(), ingress("shop.example.com"), False),
        (
            "kubernetes:networking.k8s.io/v1:Ingress",
            ingress(**{"nginx.ingress.kubernetes.io/ssl-redirect": "true"}),
            ingress(**{"nginx.ingress.kubernetes.io/ssl-redirect": "false"}),
            True,
        ),
        ("aws:rds/cluster:Cluster", {"storageEncrypted": True}, {"storageEncrypted": False}, True),
        ("gcp:sql/databaseInstance:DatabaseInstance", {"a": {"requireSsl": True}}, {"a": {}}, True),
        ("azure:mysql/server:Server", {"sslEnforcement": "Enabled"}, {"sslEnforcement": "Disabled"}, True),
        ("kubernetes:k8s.mariadb.com/v1:MariaDB", {"spec": {"tls": {"enabled": True}}}, {"spec": {}}, True),
        ("kubernetes:x/v1:Y", {"insecureSkipVerify": False}, {"insecureSkipVerify": True}, True),
        ("kubernetes:x/v1:Y", {"spec": {"tls": {"enabled": False}}}, {"spec": {"tls": {"enabled": True}}}, False),
    ],
)
def test_tls_may_not_be_switched_off_in_other_resources(kind, before, after, stopped):
    assert rules(change(kind, before, after)) == (["tls"] if stopped else [])


@pytest.mark.parametrize(
    ("kind", "before", "after", "stopped"),
    [
        ("kubernetes:policy/v1:PodDisruptionBudget", {}, None, True),
        ("kubernetes:batch/v1:CronJob", {}, None, False),
        ("kubernetes:postgresql.cnpg.io/v1:ScheduledBackup", {}, None, True),
        (
            "kubernetes:core/v1:PersistentVolume",
            *({"spec": {"persistentVolumeReclaimPolicy": it}} for it in ("Retain", "Delete")),
            True,
        ),
        ("kubernetes:storage.k8s.io/v1:StorageClass", {"reclaimPolicy": "Retain"}, {}, True),
        ("kubernetes:storage.k8s.io/v1:StorageClass", {"reclaimPolicy": "Delete"}, {"reclaimPolicy": "Retain"}, False),
        ("aws:rds/instance:Instance", {"deletionProtection": True}, {"deletionProtection": False}, True),
        ("aws:rds/instance:Instance", {"skipFinalSnapshot": False}, {"skipFinalSnapshot": True}, True),
        ("aws:rds/instance:Instance", {"backupRetentionPeriod": 7}, {"backupRetentionPeriod": 0}, True),
        ("aws:rds/instance:Instance", {"backupRetentionPeriod": 7}, {"backupRetentionPeriod": 3}, False),
        (
            "kubernetes:core/v1:Secret",
            *({"metadata": {"annotations": {"helm.sh/resource-policy": it}}} for it in ("keep", "x")),
            True,
        ),
        (
            "kubernetes:ps.percona.com/v1:PerconaServerMySQL",
            {"metadata": {}},
            {"metadata": {"finalizers": ["percona.com/delete-mysql-pvc"]}},
            True,
        ),
    ],
)
def test_what_keeps_data_may_not_be_switched_off(kind, before, after, stopped):
    assert rules(change(kind, before, after)) == (["protection"] if stopped else [])


def test_pulumis_own_protection_may_not_be_taken_off_in_passing():
    assert found(change("aws:rds/instance:Instance", {}, {}, dropped=("protect",))) == [
        ("protection", "protect: true → false")
    ]
    assert not rules(change("my:company:Backend", {}, {}, dropped=("protect",), given=False))


@pytest.mark.parametrize(("replicas", "stopped"), [(1, False), (2, True)])
def test_a_budget_may_go_with_all_pods_but_one(replicas, stopped):
    def web(number: int) -> dict[str, Any]:
        return {"spec": {"replicas": number, "template": {"metadata": {"labels": {"app": "web", "of": "shop"}}}}}

    budget = change(
        "kubernetes:policy/v1:PodDisruptionBudget", {"spec": {"selector": {"matchLabels": {"app": "web"}}}}, None
    )
    assert rules(budget, change(DEPLOYMENT, web(3), web(replicas))) == (["protection"] if stopped else [])


@pytest.mark.parametrize(("suspended", "stopped"), [(True, True), (False, False)])
def test_backups_may_not_be_suspended_or_removed_while_the_database_stays(suspended, stopped):
    kind = "kubernetes:batch/v1:CronJob"
    job = change(kind, {"spec": {}}, {"spec": {"suspend": suspended}}, parents=DATABASE)
    assert rules(job) == (["protection"] if stopped else [])
    assert rules(change(kind, {}, None, parents=DATABASE)) == ["protection"]
    whole = Change("delete", "urn:pulumi:prod::shop::kubeauth:index:MySqlDatabase::db", before={})
    assert rules(whole, change(kind, {}, None, parents=DATABASE, parent=whole.urn)) == ["database"]


def test_a_cluster_may_not_go_and_its_servers_claims_are_named():
    cluster = "kubeauth:index:MySqlCluster"
    whole = Change("delete", f"urn:pulumi:prod::shop::{cluster}::db", before={})
    servers = {"kind": "StatefulSet", "spec": {
        "volumeClaimTemplates": [{"metadata": {"name": "data"}}],
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"},
    }}  # fmt: skip
    gone = change("kubernetes:apps/v1:StatefulSet", servers, None, parents=f"{cluster}$", parent=whole.urn)
    assert rules(whole, gone) == ["database", "data"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (["DATABASE=admin"], ["DATABASE=shop"], "c: DATABASE: admin → shop"),
        (["SCHEMAS=a= b="], ["SCHEMAS=b="], "c: schemas: without a"),
        (["SCHEMAS=a="], [], "c: schemas: without a"),
        (["ACCOUNTS=ann:reader:x bob:owner:x"], ["ACCOUNTS=ann:reader:x"], "c: accounts: without bob"),
        (["SCHEMAS=a="], ["SCHEMAS=a= b="], ""),
        (["DATABASE=admin"], [f"DATABASE={SECRET}"], ""),
    ],
)
def test_a_schema_or_account_of_a_database_may_not_go_or_be_renamed(before, after, said):
    given = change(DEPLOYMENT, args(*before), args(*after), parents=DATABASE)
    assert found(given) == ([("account", said)] if said else [])


def test_accounts_of_other_programs_and_providers_count_too():
    mounts = [{"name": "data", "mountPath": "/data"}]

    def server(name: str) -> dict[str, Any]:
        made = workload(env=[{"name": "MYSQL_DATABASE", "value": name}], volumeMounts=mounts)
        made["spec"]["template"]["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "d"}}]
        return made

    assert found(change(DEPLOYMENT, server("a"), server("b"))) == [("account", "c: env[MYSQL_DATABASE]: a → b")]
    assert rules(change("mysql:index/user:User", {}, None)) == ["account"]
    assert rules(change("mysql:index/user:User", None, {})) == []
    renamed = change("kubernetes:core/v1:Secret", {}, {}, parents=DATABASE, changed=("stringData.username",))
    assert rules(renamed) == ["account"]
    assert rules(change("kubernetes:core/v1:Secret", {}, {}, parents=DATABASE, changed=("stringData.password",))) == []


def role(resources: list[str], verbs: list[str], group: str = "") -> dict[str, Any]:
    return {"rules": [{"apiGroups": [group], "resources": resources, "verbs": verbs}]}


def binding(name: str, *subjects: str) -> dict[str, Any]:
    return {"roleRef": {"name": name}, "subjects": [{"kind": "User", "name": it} for it in subjects]}


RBAC = "kubernetes:rbac.authorization.k8s.io/v1:"


@pytest.mark.parametrize(
    ("kind", "before", "after", "stopped"),
    [
        ("ClusterRole", None, role(["pods"], ["get"]), True),
        ("ClusterRole", role(["pods"], ["get"]), role(["pods"], ["get", "delete"]), True),
        ("ClusterRole", role(["pods"], ["*"]), role(["pods"], ["get"]), False),
        ("ClusterRole", role(["pods"], ["*"]), role(["pods/exec"], ["create"]), True),
        ("ClusterRole", role(["pods"], ["get"]), None, False),
        ("Role", None, role(["pods"], ["get"]), False),
        ("Role", None, role(["*"], ["get"]), True),
        ("Role", None, role(["secrets"], ["*"]), True),
        ("ClusterRoleBinding", None, binding("view", "ann"), True),
        ("ClusterRoleBinding", binding("view", "ann"), binding("view", "ann", "bob"), True),
        ("ClusterRoleBinding", binding("view", "ann", "bob"), binding("view", "ann"), False),
        ("ClusterRoleBinding", binding("view", "ann"), binding("admin", "ann"), True),
        ("RoleBinding", None, binding("cluster-admin", "ann"), True),
        ("RoleBinding", None, binding("view", "ann"), False),
    ],
)
def test_rights_in_the_whole_cluster_and_wildcards_are_stopped(kind, before, after, stopped):
    assert set(rules(change(RBAC + kind, before, after))) == ({"rights"} if stopped else set())


def from_secret(name: str) -> dict[str, Any]:
    return workload(env=[{"name": name, "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}])


@pytest.mark.parametrize(
    ("before", "after", "stopped"),
    [
        (from_secret("DB_PASS"), env(DB_PASS="canary"), True),
        (from_secret("DB_PASS"), env(DB_PASS=SECRET), True),
        (from_secret("DB_USER"), env(DB_USER="app"), True),
        (env(), env(DB_PASSWORD="canary"), True),
        (env(), env(URL="mysql://app:canary@db/x"), True),
        (env(), env(URL="mysql://$(USER):$(PASS)@db/x"), False),
        (env(), env(URL="http://db:8080/x@y"), False),
        (env(), env(X="AKIAABCDEFGHIJKLMNOP"), True),
        (env(), env(DB_PASSWORD="$(FROM_ELSEWHERE)"), False),
        (env(), env(DB_PASSWORD_FILE="/run/secrets/password"), False),
        (env(), env(SECRET_NAME="smtp", TOKEN_TTL="3600", MAX_TOKENS="20"), False),
        (env(), env(PASSWORD="yes"), False),
        (env(DB_PASSWORD="canary"), env(DB_PASSWORD="canary"), False),
        (env(), from_secret("DB_PASSWORD"), False),
    ],
)
def test_a_secret_may_not_come_in_plain_text(before, after, stopped):
    findings = gate.judge(Preview([KEPT, change(DEPLOYMENT, before, after)]), "prod")
    assert [it.rule for it in findings] == (["plain-secret"] if stopped else [])
    assert "canary" not in "".join(it.property + it.consequence for it in findings)


@pytest.mark.parametrize(
    ("text", "stopped"),
    [
        ("password=canary1", True),
        ('db_password: "canary1"', True),
        ("-----BEGIN RSA PRIVATE KEY-----", True),
        ("validate_password.policy=MEDIUM\npassword_lifetime=180", False),
        ("password=${DB_PASSWORD}", False),
        ("password=", False),
        ("secretName: smtp\ntoken: kubernetes", False),
        ("-----BEGIN CERTIFICATE-----", False),
    ],
)
def test_a_configmap_may_not_have_a_credential(text, stopped):
    kind = "kubernetes:core/v1:ConfigMap"
    given = change(kind, None, {"data": {"app.ini": text}})
    assert rules(given) == (["plain-secret"] if stopped else [])
    assert not rules(change(kind, {"data": {"app.ini": text}}, {"data": {"app.ini": f"{text}\n# more"}}))
    secret = {"kind": "Secret", "data": {"app.ini": text}}
    assert not rules(change("kubernetes:core/v1:Secret", None, secret))


def test_what_was_a_secret_may_not_be_a_plain_value():
    assert rules(change("aws:rds/instance:Instance", {"password": SECRET}, {"password": "x"})) == ["plain-secret"]
    assert not rules(change("aws:rds/instance:Instance", {"password": SECRET}, {"password": UNKNOWN}))


def quota(**hard: str) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "shop"},
        "spec": {"hard": {key.replace("_", "."): it for key, it in hard.items()}},
    }


def balancer(network: str) -> dict[str, Any]:
    return {"spec": {"type": "LoadBalancer", "loadBalancerSourceRanges": [network]}}


def asks(replicas: int, **limits: str) -> dict[str, Any]:
    made = workload(resources={"limits": limits})
    made["spec"]["replicas"] = replicas
    return {"metadata": {"namespace": "shop"}, **made}


@pytest.mark.parametrize(
    ("hard", "before", "after", "said"),
    [
        (quota(pods="3"), asks(2), asks(4), "pods: 4 of 3"),
        (quota(pods="3"), asks(4), asks(4), ""),
        (quota(pods="3"), asks(2), asks(3), ""),
        (
            quota(requests_memory="1Gi"),
            asks(1, memory="512Mi"),
            asks(3, memory="512Mi"),
            "requests.memory: 1.5Gi of 1Gi",
        ),
        (quota(limits_cpu="1"), asks(1, cpu="500m"), asks(3, cpu="500m"), "limits.cpu: 1.5 of 1"),
    ],
)
def test_a_namespace_without_room_is_seen_before_the_rollout_stands_still(hard, before, after, said):
    both = (change("kubernetes:core/v1:ResourceQuota", hard, hard), change(DEPLOYMENT, before, after))
    assert found(*both) == ([("quota", said)] if said else [])


@pytest.mark.parametrize(
    ("kind", "before", "after", "stopped"),
    [
        ("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", None, {}, True),
        ("kubernetes:gateway.networking.k8s.io/v1:Gateway", None, {}, True),
        ("kubernetes:example.com/v1:Gateway", None, {}, False),
        (
            "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute",
            *({"spec": {"hostnames": it}} for it in (["a"], ["a", "b"])),
            True,
        ),
        ("kubernetes:networking.k8s.io/v1:Ingress", ingress(), ingress(), False),
        ("aws:rds/instance:Instance", {"publiclyAccessible": False}, {"publiclyAccessible": True}, True),
        (
            "aws:ec2/securityGroup:SecurityGroup",
            {"ingress": [{"cidr": "10.0.0.0/8"}]},
            {"ingress": [{"cidr": "0.0.0.0/0"}]},
            True,
        ),
        (
            "kubernetes:core/v1:Service",
            *map(balancer, ("10.0.0.0/8", "10.1.0.0/16")),
            False,
        ),
        (
            "kubernetes:core/v1:Service",
            *map(balancer, ("10.1.0.0/16", "10.0.0.0/8")),
            True,
        ),
        (
            "kubernetes:core/v1:Service",
            {"metadata": {"annotations": {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"}}},
            {"metadata": {}},
            True,
        ),
    ],
)
def test_what_opens_a_way_from_outside_is_stopped(kind, before, after, stopped):
    assert rules(change(kind, before, after)) == (["wider-service"] if stopped else [])


def test_a_new_stack_may_not_begin_with_secrets_in_plain_text_or_wide_rights():
    new = [
        change("kubernetes:core/v1:ConfigMap", None, {"data": {"a": "password=canary1"}}),
        change(f"{RBAC}ClusterRoleBinding", None, binding("view", "ann")),
        change("kubernetes:core/v1:Service", None, {"spec": {"type": "NodePort"}}),
    ]
    assert [it.rule for it in gate.judge(Preview(new), "prod")] == ["plain-secret", "rights"]
