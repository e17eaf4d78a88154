"""Certificates that are good for an hour of tests, made by the openssl command."""

from . import process


def authority(directory, name="ca"):
    """A certificate authority; returns the path of its certificate."""
    key, certificate = directory / f"{name}.key", directory / f"{name}.crt"
    process.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        + ["-subj", f"/CN={name}", "-keyout", key, "-out", certificate]
    )
    return certificate


def server_certificate(directory, ca, host, name="server"):
    """A certificate for `host` (an address) and localhost; returns (certificate, key) as text."""
    key, request = directory / f"{name}.key", directory / f"{name}.csr"
    certificate, extensions = directory / f"{name}.crt", directory / f"{name}.ext"
    extensions.write_text(f"subjectAltName=IP:{host},DNS:localhost\n")
    process.run(
        ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={host}"]
        + ["-keyout", key, "-out", request]
    )
    process.run(
        ["openssl", "x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca.with_suffix(".key")]
        + ["-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", certificate]
    )
    return certificate.read_text(), key.read_text()


def certificate(directory, ca, name, names="DNS:localhost", days=2, usage="clientAuth", subject=None):
    """A certificate with these subject alternative names; returns the paths (certificate, key).

    With negative `days` it has ended. Its common name is `name`, unless there is a `subject`.
    """
    key, request = directory / f"{name}.key", directory / f"{name}.csr"
    result, extensions = directory / f"{name}.crt", directory / f"{name}.ext"
    extensions.write_text(f"subjectAltName={names}\nextendedKeyUsage={usage}\n")
    process.run(
        ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        + ["-subj", subject or f"/CN={name}", "-keyout", key, "-out", request]
    )
    process.run(
        ["openssl", "x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca.with_suffix(".key")]
        + ["-CAcreateserial", "-days", str(days), "-extfile", extensions, "-out", result]
    )
    return result, key
