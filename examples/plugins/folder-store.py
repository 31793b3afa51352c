#!/usr/bin/env python3
"""A folder as a destination of Holdfast: the sample of docs/plugins.md. Python 3.8 or later, nothing else."""
import datetime, json, os, sys, tempfile

CODES = {PermissionError: "denied", FileNotFoundError: "no-place"}


class Failure(Exception):
    pass


def say(**line):
    sys.stdout.buffer.write(json.dumps(line).encode() + b"\n")


def chunks():
    """The body. Without its last line, `0`, it was cut: nothing of it may be kept."""
    while (line := sys.stdin.buffer.readline()) != b"0\n":
        length = int(line) if line.endswith(b"\n") else 0
        chunk = sys.stdin.buffer.read(length)
        if not chunk or len(chunk) < length:
            raise Failure("unavailable", "the body was cut")
        yield chunk


def info(path):
    found = os.stat(path)
    time = datetime.datetime.fromtimestamp(found.st_mtime, datetime.timezone.utc)
    return {"bytes": found.st_size, "modifiedAt": time.isoformat()}


def sync(folder):
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def put(root, request):
    """Written under a name that is never listed, made durable, then linked: `link` never replaces a file."""
    path = os.path.join(root, request["object"])
    with tempfile.NamedTemporaryFile(dir=root, prefix=".upload-") as file:
        for chunk in chunks():
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        try:
            os.link(file.name, path)
        except FileExistsError:
            raise Failure("exists", request["object"] + " exists")
        sync(os.path.dirname(path))
        return {"bytes": file.tell()}


def get(root, request):
    try:
        file = open(os.path.join(root, request["object"]), "rb")
    except (FileNotFoundError, IsADirectoryError):
        raise Failure("not-found", request["object"] + " is not there")
    file.seek(request.get("offset", 0))
    left = request.get("length", sys.maxsize)
    while chunk := file.read(min(left, 1 << 20)):
        left -= len(chunk)
        sys.stdout.buffer.write(b"%d\n%b" % (len(chunk), chunk))
    sys.stdout.buffer.write(b"0\n")
    return {}


def names(root, folder=""):
    """Sorted as whole names: a folder counts with its slash."""
    entries = [e for e in os.scandir(os.path.join(root, folder)) if not e.name.startswith(".")]
    for entry in sorted(entries, key=lambda e: e.name + "/" * e.is_dir()):
        name = folder + entry.name
        yield from names(root, name + "/") if entry.is_dir() else [name]


def list_(root, request):
    for name in names(root):
        if name.startswith(request["prefix"]):
            say(object={"name": name, **info(os.path.join(root, name))})
    return {}


def stat(root, request):
    path = os.path.join(root, request["object"])
    return info(path) if os.path.isfile(path) else None


def delete(root, request):
    if os.path.isfile(path := os.path.join(root, request["object"])):
        os.unlink(path)
    return {}


def free(root, request):
    found = os.statvfs(root)
    return {"bytes": found.f_bavail * found.f_frsize}


def main():
    request = json.loads(sys.stdin.buffer.readline())
    operation = {"put": put, "get": get, "list": list_, "stat": stat, "delete": delete, "free": free}
    root = request["settings"].get("folder")
    try:
        if request["protocol"] != 1 or request["operation"] not in operation:
            raise Failure("unsupported", "this plugin does not know " + request["operation"])
        if not root:
            raise Failure("invalid", "settings.folder is missing")
        if not os.path.isdir(root):
            raise Failure("no-place", "there is no folder " + root)
        say(done=operation[request["operation"]](root, request))
    except Failure as failure:
        say(error={"code": failure.args[0], "message": failure.args[1]})
    except OSError as error:
        code = "full" if error.errno in (28, 122) else "denied" if error.errno in (1, 13, 30) else "unavailable"
        say(error={"code": code, "message": error.strerror})


main()
