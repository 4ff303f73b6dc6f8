"""Make the virtual environment and install a lock file: `python setup_env.py FOLDER LOCK`.

Runs on whatever Python the machine has, so it says in one line what to do when that is too old, when pip
has no network, or when Python came without venv. It keeps to syntax that old Pythons read too.
"""

import os
import subprocess
import sys

OLDEST = (3, 11)


def stop(sentence):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201 (old Pythons read this file too)
    """Say what to do and end."""
    sys.stderr.write(sentence + "\n")
    sys.exit(1)


def main(folder, lock):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201 (old Pythons read this file too)
    """Create `folder` unless it is there, then install exactly what `lock` names."""
    if sys.version_info < OLDEST:
        stop(
            "Python %d.%d is too old: this needs %d.%d or newer. Install one and say which, "  # noqa: UP031 (old Pythons read this)
            "for example: make demo PYTHON=python3.12" % (sys.version_info[:2] + OLDEST)
        )
    python = os.path.join(folder, "bin", "python")  # noqa: PTH118 (no pathlib on the oldest ones)
    if not os.path.exists(python):  # noqa: PTH110
        sys.stdout.write("Making " + folder + " …\n")
        made = subprocess.run(  # noqa: S603 (this very Python)
            [sys.executable, "-m", "venv", folder], check=False, capture_output=True, text=True
        )
        if made.returncode:
            stop(
                "Python could not make "
                + folder
                + ". On Debian and Ubuntu: apt install python3-venv. "
                + made.stderr.strip()[-300:]
            )
    sys.stdout.write("Installing the dependencies named in " + lock + " …\n")
    sys.stdout.flush()
    pip = subprocess.run(  # noqa: S603 (the environment made above)
        [python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", lock],
        check=False,
        stderr=subprocess.PIPE,
        text=True,
    )
    if pip.returncode:
        log = os.path.join(folder, "install.log")  # noqa: PTH118
        with open(log, "w") as file:  # noqa: PTH123
            file.write(pip.stderr)
        network = any(
            sign in pip.stderr
            for sign in (
                "NewConnectionError",
                "ConnectTimeout",
                "ReadTimeout",
                "Temporary failure",
                "ProxyError",
                "getaddrinfo",
                "No matching distribution",
            )
        )
        stop(
            (
                "No package could be fetched: is this machine online, or does pip need a proxy or an index? "
                if network
                else "pip could not install the dependencies. "
            )
            + "What pip said is in "
            + log
            + "; run the same command again when it is mended."
        )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
