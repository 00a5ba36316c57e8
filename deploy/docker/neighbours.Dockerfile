# The notifier and the demo's inbox: one image, two commands. Nothing of ours is in it but deploy/neighbours.
#   docker build -f deploy/docker/neighbours.Dockerfile -t movie-together/neighbours .
# EXTRA_CA: certificates (PEM) of a proxy between the builder and the package registries; none of them is in the result.

FROM python:3.13-slim AS packages
ARG EXTRA_CA=""
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt
RUN printf '%s\n' "$EXTRA_CA" >>/etc/ssl/certs/ca-certificates.crt
COPY deploy/neighbours/requirements.lock /tmp/
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --quiet --no-cache-dir --require-hashes --only-binary :all: -r /tmp/requirements.lock \
 && /opt/venv/bin/pip uninstall --quiet --yes pip

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin app \
 && install -d -o app -g app /var/lib/neighbour
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY deploy/docker/healthcheck.py /usr/local/lib/healthcheck.py
COPY deploy/__init__.py deploy/__init__.py
COPY deploy/neighbours/__init__.py deploy/neighbours/process.py deploy/neighbours/
COPY deploy/neighbours/notifier deploy/neighbours/notifier
COPY deploy/neighbours/inbox deploy/neighbours/inbox
RUN /opt/venv/bin/python -m compileall -q deploy
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    NOTIFIER_STATE=/var/lib/neighbour/sent.sqlite3 \
    INBOX_HOST=0.0.0.0 \
    INBOX_DIR=/var/lib/neighbour/inbox \
    HEALTH_URL=http://127.0.0.1:8084/healthz
USER app
VOLUME /var/lib/neighbour
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "/usr/local/lib/healthcheck.py"]
CMD ["python", "-m", "deploy.neighbours.notifier"]
