"""Makes the relocatable tarball: one folder with the binary, documentation, examples and units."""

import pathlib

import tree


def main():
    options = tree.arguments(__doc__)
    files = tree.Tree(options.epoch)
    for path, contents in options.files.items():
        files.add(path, contents, tree.mode_of(path))
    folder = pathlib.Path(options.out).name.removesuffix(".tar.gz")
    pathlib.Path(options.out).write_bytes(tree.compress(files.tar(prefix=folder + "/")))


main()
