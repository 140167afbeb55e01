"""Makes the files that hold tokens, in the folder that is the argument, with nothing of our own: the SQLite, tar and
zlib of Python, and the ciphers of python3-cryptography (Debian brings it with python3-miio)."""

import hashlib
import io
import json
import os
import sqlite3
import sys
import tarfile
import zlib
from html import escape

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

TOKEN = "476e6b70343055483230644c53707a12"
LAMP = {"name": "Lamp", "mac": "28:6C:07:AA:BB:01", "localIP": "192.168.1.20", "model": "yeelink.light.lamp1",
        "did": "100000001", "token": TOKEN}
PLUG = {"name": "插座", "mac": "28:6C:07:AA:BB:02", "localIP": "192.168.1.21", "model": "chuangmi.plug.m1",
        "did": "100000002", "token": "b31c928032e6a4afc898c5c8768a518f"}
HIDDEN = {"name": "Vacuum", "mac": "28:6C:07:AA:BB:03", "localIP": "", "model": "rockrobo.vacuum.v1",
          "did": "100000003", "token": ""}
PASSWORD = "gehéim"
ROUNDS = 1000


def database(name, table, rows, wal=False):
    path = os.path.join(FOLDER, name)
    db = sqlite3.connect(path)
    if wal:
        db.execute("PRAGMA journal_mode = WAL")
    columns = list(rows[0])
    db.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, {', '.join(c + ' TEXT' for c in columns)})")
    for row in rows:
        db.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
    db.commit()
    if wal:
        # What was written last is in the log only, as on a phone that was copied while the app ran.
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute(f"INSERT INTO {table} ({', '.join(PLUG)}) VALUES ({', '.join('?' * len(PLUG))})", list(PLUG.values()))
        db.commit()
        for suffix in ("", "-wal"):
            write("copied" + name + suffix, read(name + suffix))
        write("alone" + name, read(name))
    db.close()


def cbc(key, iv, data):
    padder = PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(padder.update(data) + padder.finalize()) + encryptor.finalize()


def ztoken(token):
    padder = PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(bytes(16)), modes.ECB()).encryptor()
    return (encryptor.update(padder.update(token.encode()) + padder.finalize()) + encryptor.finalize()).hex()


def archive(files, tar_format):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tar_format) as tar:
        folder = tarfile.TarInfo("apps")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def backup(tar, version=5, packed=True, password=None, encoding="utf-8"):
    body = zlib.compress(tar) if packed else tar
    lines = ["ANDROID BACKUP", str(version), "1" if packed else "0", "AES-256" if password else "none"]
    if password:
        key, iv, user_iv = bytes(range(112, 144)), bytes(range(16)), bytes(range(16, 32))
        salt, checksum_salt = bytes(range(64)), bytes(range(64, 128))
        # A Java char made of a signed byte: 0x80 is U+FF80.
        chars = "".join(chr(b if b < 128 else 0xFF00 | b) for b in key)
        low8 = lambda text: bytes(ord(c) & 0xFF for c in text)
        encode = low8 if encoding == "low8" else lambda text: text.encode()
        user_key = hashlib.pbkdf2_hmac("sha1", encode(password), salt, ROUNDS, 32)
        checksum = hashlib.pbkdf2_hmac("sha1", encode(chars), checksum_salt, ROUNDS, 32)
        blob = b"".join(bytes([len(part)]) + part for part in (iv, key, checksum))
        lines += [salt.hex().upper(), checksum_salt.hex().upper(), str(ROUNDS), user_iv.hex().upper(),
                  cbc(user_key, user_iv, blob).hex().upper()]
        body = cbc(key, iv, body)
    return ("\n".join(lines) + "\n").encode() + body


def read(name):
    with open(os.path.join(FOLDER, name), "rb") as file:
        return file.read()


def write(name, content):
    path = os.path.join(FOLDER, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)


FOLDER = sys.argv[1]

database("android.sqlite", "devicerecord", [LAMP, PLUG, HIDDEN])
database("wal.sqlite", "devicerecord", [LAMP], wal=True)
database("ios.sqlite", "ZDEVICE", [
    {"ZNAME": "Lamp", "ZMAC": LAMP["mac"], "ZLOCALIP": LAMP["localIP"], "ZMODEL": LAMP["model"], "ZTOKEN": ztoken(TOKEN)},
    {"ZNAME": "Plug", "ZMAC": PLUG["mac"], "ZLOCALIP": PLUG["localIP"], "ZMODEL": PLUG["model"], "ZTOKEN": PLUG["token"]},
])
database("hidden.sqlite", "devicerecord", [HIDDEN])
database("music.sqlite", "songs", [{"title": "token"}])

cached = {k.lower(): v for k, v in LAMP.items()} | {"extra": {"fw_version": "1.0"}}
cache = "noise \" {{{ \n" + json.dumps({"result": {"list": [cached]}}) + "\ntrailing }"
lines = "".join(f"<string>{escape(json.dumps(device))}</string>" for device in [cached])
yeelight = f'<?xml version="1.0" encoding="utf-8"?>\n<map><set name="deviceList">{lines}</set></map>'
write("cache.txt", cache.encode())
write("miot.xml", yeelight.encode())
write("folder/one", b"\x00\x01 binary")
write("folder/deep/two", cache.encode())
write("folder/deep/db", read("android.sqlite"))

long_folder = "apps/com.xiaomi.smarthome/" + "f" * 60 + "/" + "g" * 60
mi_home = [
    ("apps/com.xiaomi.smarthome/_manifest", b"1\ncom.xiaomi.smarthome\n"),
    (long_folder + "/" + "h" * 120 + ".bin", os.urandom(70_001)),
    (long_folder + "/music.db", read("music.sqlite")),
    ("apps/com.xiaomi.smarthome/db/miio2.db", read("android.sqlite")),
]
for tar_format, name in ((tarfile.USTAR_FORMAT, "ustar"), (tarfile.GNU_FORMAT, "gnu"), (tarfile.PAX_FORMAT, "pax")):
    files = [one for one in mi_home if name != "ustar" or len(one[0]) < 255]
    write(f"{name}.tar", archive(files, tar_format))
# The path of the log fits only into what precedes its header.
name = long_folder + "/" + "h" * 120 + ".db"
live = [(name + "-wal", read("copiedwal.sqlite-wal")), (name, read("copiedwal.sqlite"))]
write("live-gnu.tar", archive(live, tarfile.GNU_FORMAT))
write("live-pax.tar", archive(live, tarfile.PAX_FORMAT))

tar = read("pax.tar")
for version in range(1, 6):
    write(f"packed-{version}.ab", backup(tar, version))
    write(f"stored-{version}.ab", backup(tar, version, packed=False))
    write(f"encrypted-{version}.ab", backup(tar, version, password=PASSWORD))
write("encrypted-low8.ab", backup(tar, 1, password=PASSWORD, encoding="low8"))
write("encrypted-stored.ab", backup(tar, 3, packed=False, password=PASSWORD))
write("yeelight.ab", backup(archive([("apps/com.yeelight.cherry/sp/miot.xml", yeelight.encode())], tarfile.PAX_FORMAT)))
write("empty.ab", backup(archive(mi_home[:1], tarfile.PAX_FORMAT)))
write("nothing.ab", backup(bytes(1024)))
write("header.ab", b"ANDROID BACKUP\n5\n1\nnone\n")
