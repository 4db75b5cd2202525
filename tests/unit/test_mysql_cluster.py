"""MySqlCluster: what it is made of, what is secret in it, what it refuses, and that its clients see one database."""

import base64
from typing import Any, cast

import pulumi
import pytest

from components import (
    AppNamespace,
    AuthService,
    InputErrors,
    MySqlCluster,
    MySqlClusterArgs,
    MySqlDatabase,
    MySqlDatabaseArgs,
)
from components.mysql_cluster import settings
from components.mysql_cluster.refused import REFUSED
from policy import network, pod_security, production, workloads
from policy import pods as policy_pods

from .recorder import CHOSEN, Recorder, Secret, deploy

IMAGES = {"image": "vitess:24.0.4", "etcd_image": "etcd:3.6.16"}
REQUIRED = cast(MySqlClusterArgs, {"namespace": "shop", "password": "app-pw", **IMAGES})


def cluster(**given: Any) -> Recorder:
    return deploy(lambda: MySqlCluster("mysqlauth", cast(MySqlClusterArgs, {**REQUIRED, **given})))


def spec(recorder: Recorder, kind: str, part: str) -> dict[str, Any]:
    return recorder.one(kind, f"mysqlauth-{part}").inputs["spec"]


def pod(recorder: Recorder, part: str) -> dict[str, Any]:
    kind = "StatefulSet" if part in ("etcd", "tablet") else "Job" if part in ("import", "shards") else "Deployment"
    return spec(recorder, kind, part)["template"]["spec"]


def pods(recorder: Recorder) -> list[dict[str, Any]]:
    return [pod(recorder, part) for part in ("etcd", "tablet", "vtorc", "vtgate", "import", "shards")]


def containers(recorder: Recorder) -> list[dict[str, Any]]:
    return [each for found in pods(recorder) for each in (*found.get("initContainers", []), *found["containers"])]


def named(recorder: Recorder, part: str, name: str) -> dict[str, Any]:
    found = pod(recorder, part)
    [one] = [each for each in (*found.get("initContainers", []), *found["containers"]) if each["name"] == name]
    return one


def test_children_names_and_parents():
    assert cluster().tree() == [
        ("Deployment", "mysqlauth-vtgate", "mysqlauth"),
        ("Deployment", "mysqlauth-vtorc", "mysqlauth"),
        ("Job", "mysqlauth-import", "mysqlauth"),
        ("Job", "mysqlauth-shards", "mysqlauth"),
        ("MySqlCluster", "mysqlauth", ""),
        ("NetworkPolicy", "mysqlauth-clients", "mysqlauth"),
        ("NetworkPolicy", "mysqlauth-etcd", "mysqlauth"),
        ("NetworkPolicy", "mysqlauth-import", "mysqlauth"),
        ("NetworkPolicy", "mysqlauth-shards", "mysqlauth"),
        ("NetworkPolicy", "mysqlauth-tablet", "mysqlauth"),
        ("NetworkPolicy", "mysqlauth-vtorc", "mysqlauth"),
        ("PodDisruptionBudget", "mysqlauth-etcd", "mysqlauth"),
        ("PodDisruptionBudget", "mysqlauth-tablet", "mysqlauth"),
        ("PodDisruptionBudget", "mysqlauth-vtgate", "mysqlauth"),
        ("PodDisruptionBudget", "mysqlauth-vtorc", "mysqlauth"),
        ("Secret", "mysqlauth-authority", "mysqlauth"),
        ("Secret", "mysqlauth-credentials", "mysqlauth"),
        ("Secret", "mysqlauth-tablet", "mysqlauth"),
        ("Service", "mysqlauth-etcd", "mysqlauth"),
        ("Service", "mysqlauth-service", "mysqlauth"),
        ("Service", "mysqlauth-tablet", "mysqlauth"),
        ("StatefulSet", "mysqlauth-etcd", "mysqlauth"),
        ("StatefulSet", "mysqlauth-tablet", "mysqlauth"),
    ]


def test_outputs_come_from_what_the_cluster_made():
    assert cluster(node_port=32001).one("MySqlCluster", "mysqlauth").outputs == {
        "connection": {
            "endpoint": "mysqlauth-service-live.shop.svc.cluster.local:3306",
            "secretName": f"mysqlauth-credentials{CHOSEN}-live",
            "namespace": "shop",
            "databaseName": "admin",
            "podPort": 3306,
            "userinfoKey": "userinfo",
        },
        "host": "mysqlauth-service-live.shop.svc.cluster.local",
        "port": 3306,
        "endpoint": "mysqlauth-service-live.shop.svc.cluster.local:3306",
        "serviceName": "mysqlauth-service-live",
        "namespace": "shop",
        "databaseName": "admin",
        "credentialsSecretName": f"mysqlauth-credentials{CHOSEN}-live",
        "deploymentName": "mysqlauth-vtgate-live",
        "statefulSetName": "mysqlauth-tablet-live",
        "nodePort": 32001,
    }


def beside(database: Any, **given: Any) -> Recorder:
    """A database and a service that finds it."""

    def program() -> None:
        images = IMAGES if database is MySqlCluster else {}
        args: Any = {"namespace": "shop", "password": "app-pw", **images, **given}
        made = database("mysqlauth", args)
        AuthService("authenticate", {"image": "auth:1", "database": made.connection})

    return deploy(program)


def test_a_service_cannot_tell_a_cluster_from_one_server():
    one, many = beside(MySqlDatabase), beside(MySqlCluster)
    for kind, name in (("Deployment", "deployment"), ("Service", "service"), ("NetworkPolicy", "traffic")):
        found = [recorder.one(kind, f"authenticate-{name}").inputs for recorder in (one, many)]
        assert found[0] == found[1]


def test_the_service_in_front_is_the_one_of_a_single_server():
    one, many = (beside(database, node_port=32001) for database in (MySqlDatabase, MySqlCluster))
    found = [recorder.one("Service", "mysqlauth-service").inputs["spec"] for recorder in (one, many)]
    assert found[0] == found[1]
    assert spec(many, "Deployment", "vtgate")["template"]["metadata"]["labels"]["name"] == "mysqlauth-selector"


def test_replicas_and_gateways_are_what_was_asked_for():
    found = cluster(replicas=5, gateways=4, topology_members=1)
    sets = {part: spec(found, "StatefulSet", part)["replicas"] for part in ("tablet", "etcd")}
    counts = {**sets, **{part: spec(found, "Deployment", part)["replicas"] for part in ("vtgate", "vtorc")}}
    assert counts == {"tablet": 5, "etcd": 1, "vtgate": 4, "vtorc": 2}


@pytest.mark.parametrize("count", [0, 1, 2, 10, "3", True])
def test_fewer_than_three_servers_are_refused(count):
    with pytest.raises(InputErrors, match="replicas = "):
        cluster(replicas=count)


@pytest.mark.parametrize("count", [0, 2, 4, "3"])
def test_members_that_cannot_agree_are_refused(count):
    with pytest.raises(InputErrors, match="topology_members = "):
        cluster(topology_members=count)


@pytest.mark.parametrize("key", [*REFUSED, "rootPassword", "initSql", "restoreFrom"])
def test_what_cannot_be_honoured_is_refused_by_name_with_the_reason(key):
    with pytest.raises(InputErrors) as caught:
        cluster(**{key: "anything"})
    [error] = caught.value.inputs
    assert error.key in REFUSED
    assert (error.rule, error.example) == REFUSED[error.key]


@pytest.mark.parametrize(
    "name", ["gtid_mode", "skip_log_bin", "rpl_semi_sync_source_timeout", "server-id", "loose_sync_binlog", "datadir"]
)
def test_settings_that_vitess_or_the_pod_rules_are_refused(name):
    with pytest.raises(InputErrors, match=rf"settings\.{name} = "):
        cluster(settings={name: "1"})


def test_kubelets_leave_a_settings_value_as_it_is():
    """They replace `$(NAME)` and `$$` in commands and arguments."""
    given = {"init_connect": "SET @a = '$(POD_NAME) $$ $x'"}
    kept = "$$(POD_NAME) $$$$ $$x"
    assert any(kept in word for word in named(cluster(settings=given), "tablet", "prepare")["args"])
    args = cast(MySqlDatabaseArgs, {"namespace": "shop", "password": "app-pw", "settings": given})
    one = deploy(lambda: MySqlDatabase("mysqlauth", args)).one("Deployment", "mysqlauth-deployment").inputs
    [server] = one["spec"]["template"]["spec"]["containers"]
    assert f"--init-connect=SET @a = '{kept}'" in server["args"]


def test_vitess_own_accounts_are_nobodys_username():
    with pytest.raises(InputErrors, match="username = 'vt_app'"):
        cluster(username="vt_app")


def test_two_components_whose_children_would_share_a_selector_are_refused():
    def program() -> None:
        MySqlCluster("mysqlauth", REQUIRED)
        MySqlDatabase("mysqlauth-tablet", {"namespace": "shop", "password": "other-pw"})

    with pytest.raises(InputErrors, match="name = 'mysqlauth-tablet'"):
        deploy(program)


def test_every_pod_is_restricted_and_has_no_token():
    found = cluster()
    for each in pods(found):
        assert each["automountServiceAccountToken"] is False
        assert "serviceAccountName" not in each
        context = each["securityContext"]
        assert (context["runAsNonRoot"], context["seccompProfile"]) == (True, {"type": "RuntimeDefault"})
    for each in containers(found):
        assert each["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }
        assert {"cpu", "memory", "ephemeral-storage"} <= each["resources"]["requests"].keys()
        assert {"cpu", "memory", "ephemeral-storage"} <= each["resources"]["limits"].keys()


def test_no_secret_value_is_anywhere_but_in_secrets():
    found = cluster(previous_password="old-pw")
    text = repr([entry.inputs for entry in found.all if not entry.type.endswith(":Secret")])
    assert "app-pw" not in text
    assert "old-pw" not in text
    assert "Secret(" not in text, "a secret inside a workload would hide its diff"
    secrets = [entry.inputs for entry in found.all if entry.type.endswith(":Secret")]
    assert all(each["immutable"] is True and isinstance(each["data"], Secret) for each in secrets)
    assert "name" not in [key for each in secrets for key in each["metadata"]], "Pulumi names them at random"


def test_each_of_vitess_accounts_has_a_password_of_its_own():
    data = cluster().one("Secret", "mysqlauth-tablet").inputs["data"].value
    passwords = {account: base64.b64decode(text).decode() for account, text in data.items()}
    assert set(passwords) == {
        "vt_dba", "vt_app", "vt_appdebug", "vt_allprivs", "vt_filtered", "vt_repl", "vt_clone",
    }  # fmt: skip
    assert len(set(passwords.values())) == len(passwords)
    assert all(len(password) == 32 for password in passwords.values()), "replication takes no longer one"


def test_the_key_that_signs_certificates_is_seen_by_what_makes_them_and_by_nothing_that_runs_on():
    for each in pods(cluster()):
        [volume] = [found for found in each["volumes"] if found["name"] == "authority"]
        [source] = volume["projected"]["sources"]
        assert source["secret"]["name"] == f"mysqlauth-authority{CHOSEN}-live"
        seen = {
            one["name"]
            for one in (*each.get("initContainers", []), *each["containers"])
            if "authority" in [mount["name"] for mount in one["volumeMounts"]]
        }
        assert seen in ({"prepare"}, {"import"}, {"shards"})


def options_of_etcd(recorder: Recorder) -> list[str]:
    arguments = named(recorder, "etcd", "prepare")["args"]
    return arguments[arguments.index("--") + 1 :]


def test_every_connection_of_the_clusters_own_pods_is_encrypted_and_both_sides_show_a_certificate():
    found = cluster()
    files = {"ca": "ca.crt", "cert": "peer.crt", "key": "peer.key"}
    clients = {
        ("tablet", "mysqlauth-container"): ("tablet-grpc", "tablet-manager-grpc", "binlog-player-grpc"),
        ("vtgate", "mysqlauth-container"): ("tablet-grpc",),
        ("vtorc", "vtorc"): ("tablet-manager-grpc",),
    }
    for (part, name), prefixes in clients.items():
        arguments = named(found, part, name)["args"]
        for prefix in (*prefixes, *(["grpc"] if part == "tablet" else [])):
            for kind, file in files.items():
                assert f"--{prefix}-{kind}=/run/vitess/{file}" in arguments
    lines = options_of_etcd(found)
    assert not [line for line in lines if "http://" in line and not line.startswith("listen-metrics-urls")]
    [peers] = [line for line in lines if line.startswith("peer-transport-security")]
    assert "client-cert-auth: true" in peers
    for name in ("mysqld", "mysqlauth-container"):
        arguments = named(found, "tablet", name)["args"]
        assert "--db-ssl-mode=verify_identity" in arguments, "a replica asks its source who it is"
        assert "--db-ssl-ca=/run/vitess/ca.crt" in arguments


def test_the_users_file_is_made_of_the_clients_secrets_and_of_no_others():
    sources = pod(cluster(previous_password="old-pw"), "vtgate")["volumes"][0]["projected"]["sources"]
    names = [source["secret"]["name"] for source in sources]
    assert names == [f"mysqlauth-credentials{CHOSEN}-live", f"mysqlauth-server{CHOSEN}-live"]
    given = pod(cluster(password=None, existing_secret="vault"), "vtgate")["volumes"][0]["projected"]["sources"]
    assert given == [{"secret": {"name": "vault"}}]


def allowed(recorder: Recorder, part: str) -> dict[str, set[int]]:
    """Who may come to which ports of a part's pods, by the label of who comes."""
    found: dict[str, set[int]] = {}
    for rule in spec(recorder, "NetworkPolicy", part).get("ingress", []):
        for peer in rule["from"]:
            [label] = peer["podSelector"]["matchLabels"].values()
            found.setdefault(label, set()).update(port["port"] for port in rule["ports"])
    return found


def test_grpc_and_replication_are_open_to_the_clusters_own_pods_alone_and_http_to_nobody():
    found = cluster()
    assert allowed(found, "tablet") == {
        "mysqlauth-tablet-selector": {15999, 3306},
        "mysqlauth-import-selector": {15999, 3306},
        "mysqlauth-vtorc-selector": {15999},
        "mysqlauth-selector": {15999},
    }
    assert allowed(found, "etcd") == {
        "mysqlauth-tablet-selector": {2379},
        "mysqlauth-import-selector": {2379},
        "mysqlauth-shards-selector": {2379},
        "mysqlauth-vtorc-selector": {2379},
        "mysqlauth-selector": {2379},
        "mysqlauth-etcd-selector": {2379, 2380},
    }
    assert allowed(found, "vtorc") == {}
    assert allowed(found, "import") == {}
    assert allowed(found, "clients") == {"kubeauth": {3306}, "mysqlauth-import-selector": {3306}}
    for part in ("tablet", "etcd", "vtorc", "clients", "import"):
        assert spec(found, "NetworkPolicy", part)["policyTypes"] == ["Ingress", "Egress"]


BACKUP = {"schedule": "0 3 * * *"}


def test_backups_are_the_same_objects_as_of_one_server_but_for_the_way_to_the_servers():
    one = deploy(lambda: MySqlDatabase("mysqlauth", {"namespace": "shop", "password": "app-pw", "backup": BACKUP}))  # pyright: ignore[reportArgumentType]
    many = cluster(backup=BACKUP)
    names = {entry.name for entry in one.all if "backup" in entry.name}
    assert names == {"mysqlauth-backup", "mysqlauth-backups"}
    assert names <= {entry.name for entry in many.all}
    jobs = [recorder.one("CronJob", "mysqlauth-backup").inputs["spec"] for recorder in (one, many)]
    for job in jobs:
        [container] = job["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        for key in ("command", "env", "image"):
            container.pop(key, None)
    # So that the job has a certificate that the servers take.
    several = jobs[1]["jobTemplate"]["spec"]["template"]["spec"]
    for listed in (several["containers"][0]["volumeMounts"], several["volumes"]):
        [more] = [each for each in listed if each["name"] == "authority"]
        listed.remove(more)
    assert jobs[0] == jobs[1]


def test_jobs_of_backups_reach_the_topology_and_the_servers_and_nobody_else_and_nobody_reaches_them():
    found = cluster(backup=BACKUP)
    assert allowed(found, "tablet")["mysqlauth-backup-selector"] == {15999, 3306}
    assert allowed(found, "etcd")["mysqlauth-backup-selector"] == {2379}
    assert "mysqlauth-backup-selector" not in {**allowed(cluster(), "tablet"), **allowed(cluster(), "etcd")}
    policy = spec(found, "NetworkPolicy", "backup")
    assert policy["podSelector"] == {"matchLabels": {"name": "mysqlauth-backup-selector"}}
    assert "ingress" not in policy
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    ports = {
        (peer["podSelector"]["matchLabels"].get("name"), port["port"])
        for rule in policy["egress"]
        for peer in rule.get("to", [])
        for port in rule["ports"]
        if "name" in peer.get("podSelector", {}).get("matchLabels", {})
    }
    tablet = "mysqlauth-tablet-selector"
    assert ports == {("mysqlauth-etcd-selector", 2379), (tablet, 15999), (tablet, 3306)}


def test_the_jobs_of_backups_are_told_where_the_servers_are_before_what_they_are_to_do():
    found = cluster(backup=BACKUP)
    template = spec(found, "CronJob", "backup")["jobTemplate"]["spec"]["template"]["spec"]
    [container] = template["containers"]
    shell, option, _, name, *values = container["command"]
    assert [shell, option, name, values[-1]] == ["/bin/sh", "-c", "backup", "--"]
    assert "KEYSPACE=admin" in values
    assert "SET=mysqlauth-tablet" in values
    assert "DOMAIN=mysqlauth-tablet-live.shop.svc.cluster.local" in values
    assert container["args"] == ["backup"]
    assert "env" not in container or container["env"] == []


def test_a_second_of_the_log_is_refused_and_says_why():
    with pytest.raises(InputErrors, match=r"backup\.point_in_time = True") as caught:
        cluster(backup={**BACKUP, "point_in_time": True, "s3": {"bucket": "acme-backups", "existing_secret": "s3"}})
    [error] = caught.value.inputs
    assert "not for MySqlCluster" in error.rule


def test_two_databases_whose_jobs_would_share_a_selector_are_refused():
    def program() -> None:
        MySqlCluster("mysqlauth", REQUIRED)
        MySqlDatabase("mysqlauth-backup", {"namespace": "shop", "password": "other-pw"})

    with pytest.raises(InputErrors, match="name = 'mysqlauth-backup'"):
        deploy(program)


def test_claims_stay_unless_the_data_may_go():
    for retain, word in ((True, "Retain"), (False, "Delete")):
        found = cluster(retain_data=retain)
        for part in ("tablet", "etcd"):
            made = found.one("StatefulSet", f"mysqlauth-{part}")
            assert made.protect is retain
            policy = made.inputs["spec"]["persistentVolumeClaimRetentionPolicy"]
            assert policy == {"whenDeleted": word, "whenScaled": word}


def test_the_members_find_each_other_and_the_others_them():
    lines = options_of_etcd(cluster())
    hosts = [f"mysqlauth-etcd-{number}.mysqlauth-etcd-live.shop.svc.cluster.local" for number in range(3)]
    joined = ",".join(f"{host.partition('.')[0]}=https://{host}:2380" for host in hosts)
    assert f"initial-cluster: {joined}" in lines
    assert f"initial-advertise-peer-urls: https://$(POD_NAME).{hosts[0].partition('.')[2]}:2380" in lines
    for part, name in (("tablet", "prepare"), ("vtorc", "vtorc"), ("vtgate", "mysqlauth-container")):
        [topology] = [word for word in named(cluster(), part, name)["args"] if word.startswith("TOPOLOGY=")]
        assert ",".join(f"https://{host}:2379" for host in hosts) in topology


def test_the_import_ends_before_up_gives_it_up_and_what_it_refuses_is_not_tried_again():
    job = spec(cluster(rollout_seconds=300), "Job", "import")
    assert job["activeDeadlineSeconds"] == 280, "or it could end well when nobody makes the gateways any more"
    [rule] = job["podFailurePolicy"]["rules"]
    assert (rule["action"], rule["onExitCodes"]["values"]) == ("FailJob", [3])
    assert job["template"]["spec"]["restartPolicy"] == "Never", "or Kubernetes refuses the policy"
    annotations = cluster().one("Job", "mysqlauth-import").inputs["metadata"]["annotations"]
    assert annotations["pulumi.com/replaceUnready"] == "true"


def test_a_new_service_says_that_it_began_with_several_servers_and_one_servers_own_says_nothing():
    one, many = beside(MySqlDatabase), beside(MySqlCluster)
    found = [recorder.one("Service", "mysqlauth-service").inputs["metadata"]["annotations"] for recorder in (one, many)]
    assert [each.get("kubeauth/began") for each in found] == [None, "several"]
    assert "BEGAN=several" in named(many, "import", "import")["args"]


def test_parts_are_spread_over_nodes_and_drained_one_by_one():
    found = cluster()
    for part, revision in (("etcd", "controller-revision-hash"), ("tablet", "controller-revision-hash"),
                           ("vtorc", "pod-template-hash"), ("vtgate", "pod-template-hash")):  # fmt: skip
        [wish] = pod(found, part)["topologySpreadConstraints"]
        labels = wish["labelSelector"]["matchLabels"]
        assert (wish["topologyKey"], wish["matchLabelKeys"]) == ("kubernetes.io/hostname", [revision])
        budget = spec(found, "PodDisruptionBudget", part)
        assert budget == {"maxUnavailable": 1, "selector": {"matchLabels": labels}}


def test_a_server_hands_over_before_it_ends_and_mysqld_ends_last():
    found = cluster()
    tablet = named(found, "tablet", "mysqlauth-container")
    assert "PlannedReparentShard" in tablet["lifecycle"]["preStop"]["exec"]["command"][2]
    assert named(found, "tablet", "mysqld")["restartPolicy"] == "Always", "a sidecar ends after the other containers"
    assert pod(found, "tablet")["terminationGracePeriodSeconds"] == 120


def test_the_flags_that_mattered():
    found = cluster()
    gateway, orchestrator = named(found, "vtgate", "mysqlauth-container"), named(found, "vtorc", "vtorc")
    assert "--tablet-refresh-interval=2s" in gateway["args"], "or a failover takes up to a minute"
    assert "--mysql-server-require-secure-transport" in gateway["args"]
    without = named(cluster(require_tls=False), "vtgate", "mysqlauth-container")["args"]
    assert "--mysql-server-require-secure-transport" not in without
    assert "--change-tablets-with-errant-gtid-to-drained" in orchestrator["args"]
    assert "--grpc-port" not in " ".join([*gateway["args"], *orchestrator["args"]])


def test_a_certificate_is_mounted_where_one_is_given_and_made_where_none_is():
    found = cluster(tls_secret="users-tls")
    assert "CERTIFICATE=/etc/kubeauth/tls" in named(found, "vtgate", "prepare")["args"]
    assert "--mysql-server-ssl-cert=/etc/kubeauth/tls/tls.crt" in named(found, "vtgate", "mysqlauth-container")["args"]
    alone = cluster()
    assert "CERTIFICATE=no" in named(alone, "vtgate", "prepare")["args"]
    host = "mysqlauth-service-live.shop.svc.cluster.local"
    assert f"HOST={host}" in named(alone, "vtgate", "prepare")["args"]
    assert "--mysql-server-ssl-cert=/run/vitess/tls.crt" in named(alone, "vtgate", "mysqlauth-container")["args"]


def test_a_servers_settings_follow_its_memory_and_the_callers_win():
    text = settings.lines("2096Mi", {"innodb_buffer_pool_size": "512M", "max_connections": "600"})
    rows = {name: value for name, _, value in (row.partition("=") for row in text.splitlines())}
    assert rows["innodb_buffer_pool_size"] == "512M"
    assert "innodb-buffer-pool-size" not in rows
    assert rows["max_connections"] == "600"
    assert rows["plugin-load-add"] == "mysql_clone.so"
    assert rows["performance-schema"] == "ON"
    assert "performance-schema-max-table-instances" not in rows
    small = settings.lines("512Mi", {}).splitlines()
    assert {"performance-schema=ON", "performance-schema-instrument=%=OFF"} <= {*small}, "clone tells how it went there"
    assert (rows["skip-log-error"], rows["secure-file-priv"]) == ("", "NULL")


def test_a_small_server_gets_what_mysqld_and_its_starter_need():
    requests = named(cluster(size="small"), "tablet", "mysqld")["resources"]["requests"]
    assert requests["memory"] == "352Mi"
    with pytest.raises(InputErrors, match=r"resources\.memory_limit = '320Mi'"):
        cluster(resources={"memory_limit": "320Mi"})


def test_an_output_for_the_number_of_servers_is_checked_when_it_resolves():
    with pytest.raises(InputErrors, match="replicas = 2"):
        cluster(replicas=pulumi.Output.from_input(2))


def resources(recorder: Recorder) -> list[workloads.Resource]:
    found = (workloads.kubernetes(entry.type, entry.inputs, entry.name) for entry in recorder.all)
    return [resource for resource in found if resource]


def test_it_keeps_the_policies_of_every_stack():
    def program() -> None:
        shop = AppNamespace("shop", {})
        MySqlCluster("mysqlauth", cast(MySqlClusterArgs, {**REQUIRED, "namespace": shop.name}))

    found = resources(deploy(program))
    for resource in found:
        pod = workloads.pod_of(resource)
        if pod:
            broken = [*pod_security.restricted(pod), *policy_pods.secret_literals(resource, pod)]
            assert [*broken, *policy_pods.unpinned_images(pod), *policy_pods.unbounded_resources(pod)] == []
    assert [*network.missing_policies(found)] == []


def test_in_production_it_lacks_backups_and_named_clients_until_they_are_there():
    def about(recorder: Recorder) -> set[tuple[str, str]]:
        unfit = production.unfit(resources(recorder))
        return {(resource.urn, finding.problem.partition(":")[0]) for resource, finding in unfit}

    lacks = ("mysqlauth-vtgate", "is a database without backups")
    assert about(cluster()) == {lacks, ("mysqlauth-vtgate", "may be reached by pods that nobody names")}
    assert about(cluster(clients=[{"pod_labels": {"app": "auth"}}])) == {lacks}
    assert about(cluster(clients=[{"pod_labels": {"app": "auth"}}], backup={"schedule": "@daily"})) == set()
