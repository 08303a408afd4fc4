#!/bin/sh
# Entrypoint of the lab's dind image, with the rules of the official one: TLS unless DOCKER_TLS_CERTDIR is empty, with
# certificates for `docker`, `localhost` and the names in DOCKER_TLS_SAN. The options for the daemon's sockets are added
# only if there are no arguments, or the first one is an option; otherwise the arguments are a command.
set -eu

names() { # prints the subjectAltName of the server's certificate
    printf 'DNS:docker,DNS:localhost,DNS:%s' "$(hostname)"
    ip -o -4 address | sed -n 's/.* inet \([0-9.]*\).*/,IP:\1/p' | tr -d '\n'
    printf '%s' "${DOCKER_TLS_SAN:+,$DOCKER_TLS_SAN}"
}

certificate() { # DIR SUBJECT EXTENSION: writes key.pem and cert.pem, signed by the CA in ca/
    mkdir -p "$1"
    openssl ecparam -genkey -name prime256v1 -noout -out "$1/key.pem"
    openssl req -new -key "$1/key.pem" -subj "/CN=$2" -out "$1/csr.pem"
    printf '%s\n' "$3" >"$1/extension"
    openssl x509 -req -days 3 -in "$1/csr.pem" -CA ca/cert.pem -CAkey ca/key.pem -CAcreateserial \
        -extfile "$1/extension" -out "$1/cert.pem"
    cp ca/cert.pem "$1/ca.pem"
    chmod 0644 "$1/key.pem" # clients in other containers may have another user id
}

certificates() (
    mkdir -p "$DOCKER_TLS_CERTDIR/ca"
    cd "$DOCKER_TLS_CERTDIR"
    openssl ecparam -genkey -name prime256v1 -noout -out ca/key.pem
    openssl req -new -x509 -days 3 -key ca/key.pem -subj '/CN=lab dind CA' -out ca/cert.pem
    certificate server 'lab dind server' "subjectAltName = $(names)"
    certificate client 'lab dind client' 'extendedKeyUsage = clientAuth'
)

if [ $# = 0 ] || [ "${1#-}" != "$1" ]; then
    socket=unix:///var/run/docker.sock
    case ${DOCKER_HOST-} in unix://*) socket=$DOCKER_HOST ;; esac
    if [ -n "${DOCKER_TLS_CERTDIR-}" ]; then
        certificates 2>/dev/null
        server=$DOCKER_TLS_CERTDIR/server
        set -- --host=tcp://0.0.0.0:2376 --tlsverify --tlscacert "$server/ca.pem" --tlscert "$server/cert.pem" \
            --tlskey "$server/key.pem" "$@"
    else
        set -- --host=tcp://0.0.0.0:2375 "$@"
    fi
    set -- dockerd "--host=$socket" "$@"
fi
rm -f /var/run/docker.pid /var/run/docker/containerd/containerd.pid
exec "$@"
