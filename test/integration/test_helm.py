"""The library chart of deploy/helm and its example: they result in the same as the components of deploy/kubernetes."""

import json
import shutil

import pytest
import yaml
from harness import kubernetes, kubernetes_types
from harness.kubernetes import only
from harness.proxy import REPOSITORY, run_command

CHARTS = REPOSITORY / "deploy/helm"
ISSUER = {"name": "mantlet-ca"}
# The values that mean the same as a component, or as several.
SAME = {
    (): {},
    ("classic-sidecar",): {"sidecar": "classic", "applicationSeconds": 30},
    ("cert-manager",): {"certificate": {"source": "certManager", "issuer": ISSUER, "dnsNames": [
        "demo", "demo.default.svc", "demo.default.svc.cluster.local"]}},
    ("cert-manager-csi",): {"certificate": {"source": "certManagerCsi", "issuer": ISSUER, "dnsNames": [
        "demo", "demo.${POD_NAMESPACE}.svc"]}},
    ("pod-certificate", "cluster-trust-bundle"): {
        "certificate": {"source": "podCertificate", "signerName": "example.com/server"},
        "trust": {"source": "clusterTrustBundle", "signerName": "example.com/clients"}},
    ("trust-manager",): {"trust": {"source": "trustManager", "name": "mantlet-clients", "sources": [
        {"secret": {"name": "clients-ca", "key": "tls.crt"}}]}},
    ("cert-manager-csi", "trust-manager"): {
        "certificate": {"source": "certManagerCsi", "issuer": ISSUER, "dnsNames": ["demo", "demo.${POD_NAMESPACE}.svc"]},
        "trust": {"source": "trustManager", "name": "mantlet-clients", "sources": [
            {"secret": {"name": "clients-ca", "key": "tls.crt"}}]}},
    ("spiffe-csi",): {"certificate": {"source": "spiffe"}, "spiffe": {"trustDomain": "example.org"}},
    ("network-policy",): {"networkPolicy": {"enabled": True}},
    ("pod-monitor",): {"monitoring": "podMonitor"},
    ("service-monitor",): {"monitoring": "serviceMonitor"},
    ("pdb",): {"podDisruptionBudget": {"enabled": True}},
}


def charts(folder):
    """Returns a copy of the example with its dependency."""
    shutil.copytree(CHARTS, folder / "charts")
    kubernetes.run("helm", "dependency", "build", folder / "charts/example")
    return folder / "charts/example"


@pytest.fixture(scope="module")
def helm(tmp_path_factory):
    """helm(values, …) runs `helm template` on the example with these values under `mantlet:`; returns the process."""
    folder = tmp_path_factory.mktemp("helm")
    example = charts(folder)

    def template(values, check=True, command=("template", "demo")):
        path = folder / "values.yaml"
        path.write_text(json.dumps({"mantlet": values}))
        return kubernetes.run("helm", *command, example, "--values", path, check=check)

    return template


@pytest.fixture(scope="module")
def rendered(helm):
    """All of SAME, rendered by the chart."""
    return {names: documents_of(helm(values)) for names, values in SAME.items()}


def documents_of(done):
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def comparable(documents):
    """Returns documents by kind and name, without what names and order do not change: a release's names, labels of
    monitors, the annotations that monitors make superfluous, the text of the configuration.
    """
    text = json.dumps(documents).replace("demo-mantlet-config", "mantlet-config").replace("demo-spiffe-helper", "spiffe-helper")
    found = {}
    for document in json.loads(text.replace('"demo-mantlet"', '"mantlet"')):
        kind, name = document["kind"], document["metadata"]["name"]
        if kind.endswith("Monitor"):
            document["metadata"].pop("labels", None)
        if kind == "ConfigMap" and "mantlet.yaml" in document["data"]:
            document["data"]["mantlet.yaml"] = yaml.safe_load(document["data"]["mantlet.yaml"])
        if kind == "Deployment":
            template = document["spec"]["template"]
            template["metadata"].pop("annotations", None)
            pod = template["spec"]
            pod["initContainers"] = pod.get("initContainers") or []
            for container in pod["initContainers"] + pod["containers"]:
                container.get("volumeMounts", []).sort(key=lambda mount: mount["mountPath"])
            pod["volumes"].sort(key=lambda volume: volume["name"])
        found[kind, name] = document
    return found


@pytest.mark.parametrize("names", SAME, ids="+".join)
def test_the_chart_means_the_same_as_the_components(rendered, tmp_path, names):
    expected = comparable(kubernetes.with_components(tmp_path / "overlay", *names))
    if names == ("classic-sidecar",):
        # The chart adds up the parts; the component has room to spare for the application's end.
        expected["Deployment", "demo"]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 60
    assert comparable(rendered[names]) == expected


def test_monitors_make_the_annotations_superfluous(rendered):
    def annotations(names):
        return only(rendered[names], "Deployment")["spec"]["template"]["metadata"].get("annotations", {})

    assert annotations(())["prometheus.io/port"] == "9900"
    assert annotations(("pod-monitor",)) == annotations(("service-monitor",)) == {}


@pytest.mark.limit(120)
def test_every_manifest_fits_the_types_of_the_api(rendered, tmp_path):
    manifests = {"+".join(names): documents for names, documents in rendered.items()}
    assert kubernetes_types.errors(tmp_path / "types", manifests) == []


def test_helm_lint_has_no_complaint(helm):
    helm({}, command=("lint", "--strict"))


def test_further_configuration_is_merged_and_checked(helm, pki, tmp_path):
    done = helm({"config": {"limits": {"memory": "64MiB"}, "log": {"format": "text"}, "shutdown": {"idle_grace": "2s"}},
                 "port": 9443, "probePaths": ["/live", "/ready"], "upstream": "127.0.0.1:3000"})
    text = configuration_of_release(documents_of(done))
    config = yaml.safe_load(text)
    assert config["limits"] == {"memory": "64MiB"} and config["log"] == {"format": "text"}
    assert config["shutdown"] == {"drain": "20s", "idle_grace": "2s"}
    assert config["listeners"][0]["address"] == "0.0.0.0:9443" and config["upstreams"][0]["address"] == "127.0.0.1:3000"
    assert [probe["path"] for probe in config["metrics"]["forward"]] == ["/live", "/ready"]
    for name, content in (("tls.crt", pki.server.chain_pem), ("tls.key", pki.server.key_pem), ("ca.crt", pki.root.pem)):
        (tmp_path / name).write_bytes(content)
    for folder in ("/etc/mantlet/tls/", "/etc/mantlet/trust/", "/run/mantlet/"):
        text = text.replace(folder, f"{tmp_path}/")
    (tmp_path / "mantlet.yaml").write_text(text)
    done = run_command("check", "--config", tmp_path / "mantlet.yaml")
    assert done.returncode == 0, done.stderr + done.stdout


def configuration_of_release(documents):
    return only(documents, "ConfigMap", "demo-mantlet-config")["data"]["mantlet.yaml"]


def test_clients_without_certificates_need_no_trust(helm):
    config = yaml.safe_load(configuration_of_release(documents_of(helm({"clientAuth": "none"}))))
    assert config["listeners"][0]["client_auth"] == {"mode": "none"}


@pytest.mark.parametrize("values, message", [
    ({"certificat": {}}, "certificat"),
    ({"certificate": {"source": "cert-manager"}}, "/certificate/source"),
    ({"certificate": {"issuer": {"nam": "ca"}}}, "nam"),
    ({"port": "8443"}, "/port"),
    ({"probePaths": ["ready"]}, "/probePaths/0"),
    ({"certificate": {"duration": "90d"}}, "/certificate/duration"),
    ({"certificate": {"source": "certManager", "dnsNames": ["demo"]}}, "mantlet.certificate.issuer.name is missing"),
    ({"certificate": {"source": "certManagerCsi", "issuer": ISSUER}}, "mantlet.certificate.dnsNames is missing"),
    ({"certificate": {"source": "podCertificate", "signerName": "a/b"}}, "has no ca.crt"),
    ({"certificate": {"source": "spiffe"}}, "mantlet.spiffe.trustDomain is missing"),
    ({"trust": {"source": "configMap"}}, "mantlet.trust.name is missing"),
    ({"trust": {"source": "clusterTrustBundle"}}, "mantlet.trust.signerName is missing"),
    ({"trust": {"source": "trustManager", "name": "clients"}}, "mantlet.trust.sources is missing"),
])
def test_values_that_make_no_sense_are_errors(helm, values, message):
    done = helm(values, check=False)
    assert done.returncode != 0 and message in done.stderr, done.stderr


@pytest.mark.parametrize("object_", ["podDisruptionBudget.enabled=true", "networkPolicy.enabled=true", "monitoring=podMonitor"])
def test_what_selects_pods_needs_their_labels(tmp_path, object_):
    example = charts(tmp_path)
    (example / "values.yaml").write_text("{replicas: 1, image: a, mantlet: {}}\n")
    done = kubernetes.run("helm", "template", "demo", example, "--set", f"mantlet.{object_}", check=False)
    assert done.returncode != 0 and "mantlet.selectorLabels is missing" in done.stderr, done.stderr


def test_the_example_asks_for_the_version_of_the_chart():
    chart = yaml.safe_load((CHARTS / "mantlet/Chart.yaml").read_text())
    dependency, = yaml.safe_load((CHARTS / "example/Chart.yaml").read_text())["dependencies"]
    assert (dependency["name"], dependency["version"]) == (chart["name"], chart["version"])
