"""Updates a Secret, ConfigMap or projected volume like the kubelet."""

import shutil


def write(volume, generation, files):
    """Publishes files as one generation: a new folder, then the swap of the link `..data`."""
    data = volume / f"..{generation}"
    data.mkdir(parents=True)
    for name, content in files.items():
        (data / name).write_bytes(content)
        if not (volume / name).is_symlink():
            (volume / name).symlink_to(f"..data/{name}")
    swing = volume / "..data_tmp"
    swing.symlink_to(data.name)
    swing.rename(volume / "..data")
    for old in volume.glob("..2*"):
        if old != data:
            shutil.rmtree(old)
