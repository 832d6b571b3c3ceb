"""An SPDX 2.3 document about what is distributed."""

import datetime
import hashlib
import json
import re


def _package(name, version, licence, **more):
    return {"SPDXID": "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", name), "name": name, "versionInfo": version or "NOASSERTION",
            "licenseConcluded": "NOASSERTION", "licenseDeclared": licence, "copyrightText": "NOASSERTION",
            "downloadLocation": "NOASSERTION", "filesAnalyzed": False, **more}


def _purl(locator):
    return [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": locator}]


def document(options, binary, debian, sources, separate):
    """Returns the document as JSON text. The packages whose name is in `separate` are files of their own, the others are
    linked into the binary.
    """
    digest = hashlib.sha256(binary).hexdigest()
    packages = [_package("mantlet", options.version, "Apache-2.0", primaryPackagePurpose="APPLICATION",
                         sourceInfo=f"commit {options.commit}", checksums=[{"algorithm": "SHA256", "checksumValue": digest}])]
    for item in debian:
        packages.append(_package(
            item["name"], item["version"], item["licence"], supplier="Organization: Debian",
            sourceInfo=f"Debian binary package {item['package']}, source package {item['source']} {item['source_version']}",
            externalRefs=_purl(f"pkg:deb/debian/{item['package']}@{item['version']}")))
    for item in sources:
        more = {"checksums": [{"algorithm": "SHA256", "checksumValue": item["sha256"]}],
                "sourceInfo": f"built from {item['file']} of the Debian archive"} if item["file"] else {}
        packages.append(_package(item["name"], item["version"], item["licence"], **more))
    root = packages[0]["SPDXID"]
    relationships = [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": root}]
    for package in packages[1:]:
        kind = "DYNAMIC_LINK" if package["name"] in separate else "STATIC_LINK"
        relationships.append({"spdxElementId": root, "relationshipType": kind, "relatedSpdxElement": package["SPDXID"]})
    created = datetime.datetime.fromtimestamp(options.epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps({
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"mantlet-{options.version}",
        "documentNamespace": f"urn:mantlet:spdx:{options.version}:{digest}",
        "creationInfo": {"created": created, "creators": ["Tool: mantlet-deploy-package"]},
        "packages": packages, "relationships": relationships,
    }, indent=1, sort_keys=True) + "\n"
