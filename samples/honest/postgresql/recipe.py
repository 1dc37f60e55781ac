#!/usr/bin/env python3
# Debian: iproute2 openssl postgresql postgresql-client python3 tcpdump util-linux; needs root (network namespaces).
"""PostgreSQL asks for TLS by an SSLRequest: psql that demands it, checks everything, prefers it, and wants none; pgbench with a
connection for each transaction; and a server that reads its configuration again while a session is open."""
import pathlib
import shutil
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lab"))
from honest_lab import prepare, run
from tls_lab import Lab, NAME, SERVER, sh

BIN = max(pathlib.Path('/usr/lib/postgresql').glob('*/bin'))
CONFIG = '''
listen_addresses = '*'
port = 5432
unix_socket_directories = '{data}'
ssl = on
ssl_cert_file = '{data}/server.pem'
ssl_key_file = '{data}/server.key'
'''

with Lab(__file__) as lab:
    prepare(lab)
    lab.tmp.chmod(0o755)
    data = lab.tmp / 'data'
    data.mkdir()
    shutil.chown(data, 'postgres')
    as_postgres = ('runuser', '-u', 'postgres', '--')
    sh(*as_postgres, BIN / 'initdb', '-D', data, '-A', 'trust', '-N')
    for name in ('server.pem', 'server.key'):
        shutil.copy(lab.tmp / name, data)
        shutil.chown(data / name, 'postgres')
    (data / 'server.key').chmod(0o600)
    (data / 'pg_hba.conf').write_text('hostssl all all all trust\nhostnossl all all all trust\nlocal all all trust\n')
    with open(data / 'postgresql.conf', 'a') as conf:
        conf.write(CONFIG.format(data=data))
    server = lab.start('s', *as_postgres, BIN / 'postgres', '-D', data, wait_port=5432)
    lab.inside('s', *as_postgres, BIN / 'pgbench', '-h', data, '-i', '-s', '1', '-q', 'postgres')
    lab.capture()

    to = lambda mode, host=f'hostaddr={SERVER} host={NAME}': \
        f'{host} user=postgres dbname=postgres sslmode={mode} sslrootcert={lab.tmp}/ca.pem'
    ask = lambda mode, *flags: print(run(lab, 'c', BIN / 'psql', to(mode), '-Atc', 'select ssl, version from pg_stat_ssl '
                                         'where pid = pg_backend_pid()', *flags))
    ask('require')
    ask('verify-full')
    ask('prefer')
    ask('disable')
    print(run(lab, 'c', 'openssl', 's_client', '-starttls', 'postgres', '-connect', f'{SERVER}:5432', '-keylogfile', lab.keys,
              '-CAfile', lab.tmp / 'ca.pem', ok=False, text='')[-40:])
    kept = lab.start('c', BIN / 'psql', to('require') + ' ssl_max_protocol_version=TLSv1.2', '-At')
    lab.type(kept, 'select 1;\n')
    lab.inside('s', *as_postgres, BIN / 'pg_ctl', 'reload', '-D', data)
    time.sleep(0.5)
    lab.type(kept, 'select 2;\n')
    lab.eof(kept)
    print(run(lab, 'c', 'env', 'PGSSLMODE=require', BIN / 'pgbench', '-h', SERVER, '-U', 'postgres', '-C', '-S', '-t', '2', '-n',
              'postgres')[-60:])
    lab.finish()
    lab.stop(server)
