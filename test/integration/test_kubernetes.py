"""The manifests of deploy/kubernetes: what they render to fits the types of the API, mantlet's configuration, and what
deploy/README.md says.
"""

import os
import pathlib
import re
import subprocess

import pytest
import yaml
from harness import kubernetes, kubernetes_types
from harness.kubernetes import MANIFESTS, configuration_of, containers_of, only, pod_of
from harness.proxy import run_command
from harness.spiffe import TrustDomain
from harness.timing import scaled

ADDED = [name for name in kubernetes.COMPONENTS if name != "sidecar"]
# Besides each component on its own: those that meet at the same volume.
COMBINATIONS = [
    ("cert-manager", "trust-manager", "network-policy", "pod-monitor", "pdb"),
    ("cert-manager-csi", "trust-manager"),
    ("pod-certificate", "cluster-trust-bundle", "service-monitor"),
    ("classic-sidecar", "cert-manager"),
]
APPLICATION = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}, annotations: {team: sales}}
    spec:
      securityContext: {runAsUser: 1000, fsGroup: 2000}
      initContainers:
        - {name: migrate, image: shop, command: [migrate]}
      containers:
        - name: shop
          image: shop
          ports: [{containerPort: 8080}]
          volumeMounts: [{name: data, mountPath: /data}]
      volumes:
        - {name: data, emptyDir: {}}
"""


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """Everything that is rendered, by name."""
    folder = tmp_path_factory.mktemp("kubernetes")
    found = {"base": kubernetes.kustomize(MANIFESTS / "base")}
    for names in [(name,) for name in ADDED] + COMBINATIONS:
        found["+".join(names)] = kubernetes.with_components(folder / "+".join(names), *names)
    return found


@pytest.fixture
def base(rendered):
    return rendered["base"]


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m)?", str(text)).groups()
    return int(number) * {"ms": 0.001, "m": 60}.get(unit, 1)


def provided(pod, container):
    """Returns the paths of files that the volumes of a container provide, and the folders whose files nothing names."""
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    files, folders = set(), set()
    for mount in container["volumeMounts"]:
        volume, folder = volumes[mount["name"]], mount["mountPath"]
        if "secret" in volume:
            files |= {f"{folder}/{item['path']}" for item in volume["secret"]["items"]}
        elif "projected" in volume:
            for source in volume["projected"]["sources"]:
                (kind, projection), = source.items()
                path = projection["credentialBundlePath" if kind == "podCertificate" else "path"]
                files.add(f"{folder}/{path}")
        else:
            folders.add(folder)
    return files, folders


def files_of(config):
    """Returns the files that a configuration names."""
    for listener in config["listeners"]:
        for certificate in listener["tls"]["certificates"]:
            yield from certificate.values()
        authentication = listener["client_auth"]
        yield from authentication.get("trust_bundle", [])
        for domain in authentication.get("spiffe", {}).get("trust_domains", []):
            yield from domain["bundle"]


# -- types ---------------------------------------------------------------------


@pytest.mark.limit(120)
def test_every_manifest_fits_the_types_of_the_api(rendered, tmp_path):
    assert kubernetes_types.errors(tmp_path / "types", rendered) == []


@pytest.mark.limit(120)
def test_a_wrong_manifest_does_not_fit_them(rendered, tmp_path):
    wrong = {}

    def spoil(name, of, kind, change):
        wrong[name] = kubernetes.changed([only(rendered[of], kind)])
        change(wrong[name][0]["spec"])

    spoil("misspelt", "base", "Deployment", lambda spec: spec["template"]["spec"].update(enableServiceLink=False))
    spoil("type", "base", "Deployment", lambda spec: spec.update(replicas="2"))
    spoil("deep", "base", "Deployment", lambda spec: containers_of(spec["template"]["spec"])["mantlet"]["startupProbe"].update(
        failureTreshold=3))
    spoil("missing", "pdb", "PodDisruptionBudget", lambda spec: spec["selector"].update(matchExpressions=[{}]))
    spoil("certificate", "cert-manager", "Certificate", lambda spec: spec["privateKey"].update(algorithm="ECDH"))
    spoil("issuer", "cert-manager", "Certificate", lambda spec: spec["issuerRef"].update(kid="Issuer"))
    spoil("bundle", "trust-manager", "Bundle", lambda spec: spec["target"].update(configmap={}))
    spoil("monitor", "pod-monitor", "PodMonitor", lambda spec: spec["podMetricsEndpoints"][0].update(interval="30 seconds"))
    spoil("service", "service-monitor", "ServiceMonitor", lambda spec: spec["endpoints"][0].update(ports="metrics"))
    found = kubernetes_types.errors(tmp_path / "types", wrong)
    assert {error.split(":")[0] for error in found} == set(wrong), found


# -- the base and each component -------------------------------------------------


def test_the_single_file_is_what_the_base_renders_to(base):
    documents = {document["kind"]: document for document in yaml.safe_load_all((MANIFESTS / "sidecar.yaml").read_text())}
    assert documents == {document["kind"]: document for document in base}


def test_each_configuration_passes_check(rendered, pki, tmp_path):
    domain = TrustDomain("example.org")
    for name, documents in rendered.items():
        text = configuration_of(documents)
        config = yaml.safe_load(text)
        folder = tmp_path / name
        for path in files_of(config):
            file = folder / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            file.write_bytes({".crt": pki.server.chain_pem, ".key": pki.server.key_pem,
                              ".pem": pki.server.key_pem + pki.server.chain_pem}[file.suffix])
            if file.name == "ca.crt":
                file.write_bytes(domain.pem if "spiffe" in text else pki.root.pem)
        path = folder / "mantlet.yaml"
        path.write_text(text.replace("/etc/mantlet/", f"{folder}/etc/mantlet/"))
        done = run_command("check", "--config", path)
        assert done.returncode == 0, f"{name}: {done.stderr}{done.stdout}"


def test_the_configurations_differ_only_in_the_files(rendered):
    usual = yaml.safe_load(configuration_of(rendered["base"]))
    for name, documents in rendered.items():
        config = yaml.safe_load(configuration_of(documents))
        for each in (usual, config):
            each["listeners"][0]["tls"].pop("certificates", None)
            for key in ("trust_bundle", "spiffe"):
                each["listeners"][0]["client_auth"].pop(key, None)
        assert config == usual, name


def test_every_file_that_the_configuration_names_is_mounted(rendered):
    for name, documents in rendered.items():
        pod = pod_of(documents)
        mantlet = containers_of(pod)["mantlet"]
        assert not [mount for mount in mantlet["volumeMounts"] if "subPath" in mount], name
        assert [mount["name"] for mount in mantlet["volumeMounts"] if not mount.get("readOnly")] == ["mantlet-run"], name
        assert len({mount["mountPath"] for mount in mantlet["volumeMounts"]}) == len(mantlet["volumeMounts"]), name
        files, folders = provided(pod, mantlet)
        for path in files_of(yaml.safe_load(configuration_of(documents))):
            assert path in files or str(pathlib.Path(path).parent) in folders, (name, path)
        configuration = pathlib.Path(mantlet["args"][mantlet["args"].index("--config") + 1])
        assert str(configuration.parent) in folders and configuration.name in only(
            documents, "ConfigMap", "mantlet-config")["data"], name


def test_no_volume_is_without_use_and_each_has_one_source(rendered):
    for name, documents in rendered.items():
        pod = pod_of(documents)
        used = {mount["name"] for container in containers_of(pod).values() for mount in container.get("volumeMounts", [])}
        assert used == {volume["name"] for volume in pod["volumes"]}, name
        assert all(len(volume) == 2 for volume in pod["volumes"]), name


def test_mantlet_is_a_native_sidecar_unless_the_cluster_has_none(rendered):
    for name, documents in rendered.items():
        pod = pod_of(documents)
        mantlet = containers_of(pod)["mantlet"]
        if "classic-sidecar" in name:
            assert "restartPolicy" not in mantlet and mantlet in pod["containers"]
        else:
            assert mantlet["restartPolicy"] == "Always" and pod["initContainers"][-1] == mantlet


def test_every_probe_uses_the_plain_port(base):
    config = yaml.safe_load(configuration_of(base))
    plain = int(config["metrics"]["address"].rsplit(":", 1)[1])
    containers = containers_of(pod_of(base))
    ports = {port["name"]: port["containerPort"] for port in containers["mantlet"]["ports"]}
    for probe, path in (("startupProbe", "/readyz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/healthz")):
        request = containers["mantlet"][probe]["httpGet"]
        assert (request["path"], ports[request["port"]]) == (path, plain)
    for probe in ("readinessProbe", "livenessProbe"):
        request = containers["app"][probe]["httpGet"]
        assert request["port"] == plain
        assert {"path": request["path"], "upstream": config["listeners"][0]["upstream"]} in config["metrics"]["forward"]
    annotations = only(base, "Deployment")["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == str(plain)


def test_the_containers_are_locked_down(rendered):
    for name, documents in rendered.items():
        pod = pod_of(documents)
        assert pod["automountServiceAccountToken"] is False and pod["enableServiceLinks"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in containers_of(pod).values():
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"] is True, name
            assert context["allowPrivilegeEscalation"] is False, name
            assert context["capabilities"] == {"drop": ["ALL"]}, name
            assert context.get("runAsUser", pod["securityContext"]["runAsUser"]) == 65532, name
            assert container["resources"]["limits"]["memory"], name


def test_only_its_own_group_may_read_the_key(base):
    pod = pod_of(base)
    volume, = [volume for volume in pod["volumes"] if volume["name"] == "mantlet-tls"]
    assert volume["secret"]["defaultMode"] == 0o440
    assert pod["securityContext"]["fsGroup"] == containers_of(pod)["mantlet"]["securityContext"]["runAsGroup"]


def test_the_service_leads_to_the_listener(base):
    config = yaml.safe_load(configuration_of(base))
    ports = {port["name"]: port["containerPort"] for port in containers_of(pod_of(base))["mantlet"]["ports"]}
    service, deployment = only(base, "Service"), only(base, "Deployment")
    assert config["listeners"][0]["address"].endswith(f":{ports[service['spec']['ports'][0]['targetPort']]}")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    assert deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()


def wait(container):
    """Returns the seconds of a preStop: `sleep N`, or `mantlet drain … --after N`."""
    return int(container["lifecycle"]["preStop"]["exec"]["command"][-1])


def test_there_is_time_for_the_drain(rendered):
    for name, documents in rendered.items():
        pod = pod_of(documents)
        containers = containers_of(pod)
        drain = seconds(yaml.safe_load(configuration_of(documents))["shutdown"]["drain"])
        assert wait(containers["app"]) + drain < pod["terminationGracePeriodSeconds"], name
        hook = containers["mantlet"]["lifecycle"]["preStop"]["exec"]["command"]
        assert hook[3] == containers["mantlet"]["args"][2], "the configuration file"
        admin = yaml.safe_load(configuration_of(documents))["admin"]["address"].removeprefix("unix:")
        assert str(pathlib.Path(admin).parent) in {mount["mountPath"] for mount in containers["mantlet"]["volumeMounts"]}
        # Clients that keep a connection leave when the drain begins, within a second.
        assert wait(containers["mantlet"]) + 1 < wait(containers["app"]), name
        if "classic-sidecar" in name:
            # Here mantlet is stopped while the application waits.
            assert wait(containers["mantlet"]) + drain < wait(containers["app"]), name


def test_whatever_selects_pods_selects_these_and_names_their_ports(rendered):
    for name in ("network-policy", "pod-monitor", "service-monitor", "pdb"):
        documents = rendered[name]
        labels = only(documents, "Deployment")["spec"]["template"]["metadata"]["labels"]
        ports = {port["name"] for port in containers_of(pod_of(documents))["mantlet"]["ports"]}
        kind = {"network-policy": "NetworkPolicy", "pod-monitor": "PodMonitor", "service-monitor": "ServiceMonitor",
                "pdb": "PodDisruptionBudget"}[name]
        spec = only(documents, kind)["spec"]
        selector = spec.get("podSelector") or spec["selector"]
        if kind == "ServiceMonitor":
            service = only(documents, "Service", "demo-metrics")
            assert selector["matchLabels"].items() <= service["metadata"]["labels"].items()
            assert not selector["matchLabels"].items() <= only(documents, "Service", "demo")["metadata"]["labels"].items()
            assert spec["endpoints"][0]["port"] == service["spec"]["ports"][0]["name"]
            assert service["spec"]["ports"][0]["targetPort"] in ports
            selector = {"matchLabels": service["spec"]["selector"]}
        assert selector["matchLabels"].items() <= labels.items()
        if kind == "PodMonitor":
            assert spec["podMetricsEndpoints"][0]["port"] in ports
        if kind == "NetworkPolicy":
            assert {port["port"] for rule in spec["ingress"] for port in rule["ports"]} == ports
            assert [bool(rule.get("from")) for rule in spec["ingress"]] == [False, True], "only the metrics are restricted"


def test_the_agent_of_spiffe_writes_what_mantlet_reads(rendered):
    documents = rendered["spiffe-csi"]
    pod = pod_of(documents)
    containers = containers_of(pod)
    assert [container["name"] for container in pod["initContainers"]] == ["spiffe-helper", "mantlet"]
    text = only(documents, "ConfigMap", "spiffe-helper")["data"]["helper.conf"]
    values = dict(re.findall(r'(\w+) = "?([^"\n]*)"?', text))
    mounts = {mount["name"]: mount["mountPath"] for mount in containers["spiffe-helper"]["volumeMounts"]}
    assert values["cert_dir"] == mounts["mantlet-tls"]
    written = {f"/etc/mantlet/tls/{values[key]}" for key in ("svid_file_name", "svid_key_file_name", "svid_bundle_file_name")}
    assert written == set(files_of(yaml.safe_load(configuration_of(documents))))
    assert pathlib.Path(values["agent_address"]).parent == pathlib.Path(mounts["spiffe-workload-api"])
    probe = containers["spiffe-helper"]["startupProbe"]["httpGet"]
    assert (probe["path"], str(probe["port"])) == (values["readiness_path"], values["bind_port"])
    assert containers["spiffe-helper"]["securityContext"]["runAsUser"] == containers["mantlet"]["securityContext"]["runAsUser"]


def test_the_secret_of_cert_manager_is_the_one_that_is_mounted(rendered):
    documents = rendered["cert-manager"]
    certificate = only(documents, "Certificate")["spec"]
    volume, = [volume for volume in pod_of(documents)["volumes"] if volume["name"] == "mantlet-tls"]
    assert certificate["secretName"] == volume["secret"]["secretName"]


def test_trust_manager_writes_the_file_that_is_mounted(rendered):
    documents = rendered["trust-manager"]
    bundle = only(documents, "Bundle")
    volume, = [volume for volume in pod_of(documents)["volumes"] if volume["name"] == "mantlet-trust"]
    assert volume["configMap"]["name"] == bundle["metadata"]["name"]
    path, = yaml.safe_load(configuration_of(documents))["listeners"][0]["client_auth"]["trust_bundle"]
    assert bundle["spec"]["target"]["configMap"]["key"] == pathlib.Path(path).name


# -- existing Deployments ---------------------------------------------------------


def check_patched(before, after):
    """Checks that a pod has got mantlet and kept everything else."""
    containers = containers_of(after)
    mantlet = containers.pop("mantlet")
    assert mantlet["restartPolicy"] == "Always"
    assert containers == containers_of(before)
    names = {volume["name"] for volume in after["volumes"]}
    assert names == {"data", "mantlet-config", "mantlet-tls", "mantlet-trust", "mantlet-run"}
    assert {mount["name"] for mount in mantlet["volumeMounts"]} == names - {"data"}
    assert after["securityContext"] == before["securityContext"], "the application's own"
    assert after["terminationGracePeriodSeconds"] == 60


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_the_component_adds_mantlet_to_an_application(tmp_path, kind):
    application = yaml.safe_load(APPLICATION)
    application["kind"] = kind
    if kind == "StatefulSet":
        application["spec"]["serviceName"] = "shop"
    (tmp_path / "application").mkdir()
    (tmp_path / "application/application.yaml").write_text(yaml.safe_dump(application))
    (tmp_path / "application/kustomization.yaml").write_text("resources: [application.yaml]\n")
    own = kubernetes.write_kustomization(tmp_path / "own", [tmp_path / "application"], ["sidecar", "cert-manager"])
    documents = kubernetes.kustomize(own)
    check_patched(application["spec"]["template"]["spec"], only(documents, kind)["spec"]["template"]["spec"])
    assert only(documents, kind)["spec"]["template"]["metadata"]["annotations"]["team"] == "sales"
    assert kubernetes_types.errors(tmp_path / "types", {"own": documents}) == []


def test_kubectl_patch_adds_mantlet_to_an_existing_deployment(tmp_path):
    (tmp_path / "application.yaml").write_text(APPLICATION)
    patch = (MANIFESTS / "components/sidecar/patch.yaml").read_text()
    (tmp_path / "patch.yaml").write_text(patch)
    # The command of the file's comment, without a server.
    command, = re.findall(r"^#   (sed .*)$", patch, re.MULTILINE)
    command = command.replace("deployment NAME", "--local --filename application.yaml --output yaml").replace("NAME", "shop")
    path = f"{kubernetes.tools()}/bin:{os.environ['PATH']}"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=dict(os.environ, PATH=path), capture_output=True,
                          text=True, timeout=scaled(30), check=False)
    assert done.returncode == 0, done.stderr
    after = yaml.safe_load(done.stdout)
    assert after["metadata"]["name"] == "shop", "a server rejects a patch with another name"
    check_patched(yaml.safe_load(APPLICATION)["spec"]["template"]["spec"], after["spec"]["template"]["spec"])
