# The product as one image: web, worker and beat differ by their command only (docker-compose.yml).
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# Its own pip stays behind: what runs the product cannot install anything.
RUN python -m venv --without-pip /opt/venv
COPY requirements.lock /build/requirements.lock
RUN pip --python /opt/venv/bin/python install --require-hashes --requirement /build/requirements.lock
WORKDIR /app
COPY manage.py ./
COPY finops ./finops
COPY accounts ./accounts
COPY carbon ./carbon
COPY costing ./costing
COPY templates ./templates
COPY static ./static
COPY docs ./docs
# Any key will do for collecting files, and none is to stay in the image.
RUN SECRET_KEY=build FINOPS_ENCRYPTION_KEYS= API_TOKEN_PEPPERS=1=build /opt/venv/bin/python manage.py collectstatic --noinput \
    && /opt/venv/bin/python -m compileall -q finops accounts carbon costing

FROM python:${PYTHON} AS product
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN groupadd --system --gid 10001 finops \
    && useradd --system --uid 10001 --gid finops --home-dir /app/var --shell /usr/sbin/nologin finops
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
RUN rm -rf /app/var && mkdir /app/var && chown finops:finops /app/var
USER 10001:10001
EXPOSE 8000
CMD ["gunicorn", "finops.wsgi", "--bind=0.0.0.0:8000", "--threads=8", "--worker-tmp-dir=/tmp", "--no-control-socket"]
