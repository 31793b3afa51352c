"""Encrypts or decrypts a file: stream-with-tink.py encrypt|decrypt DATA_KEY_HEX ASSOCIATED_DATA FROM TO"""

import base64
import json
import sys

import tink
from tink import cleartext_keyset_handle, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2

SEGMENT_BYTES = 1024 * 1024

verb, data_key, associated_data, source, target = sys.argv[1:]
key = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(
    version=0,
    params=aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingParams(
        ciphertext_segment_size=SEGMENT_BYTES,
        derived_key_size=32,
        hkdf_hash_type=common_pb2.SHA256,
    ),
    key_value=bytes.fromhex(data_key),
)
keyset = {
    "primaryKeyId": 1,
    "key": [
        {
            "keyData": {
                "typeUrl": "type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey",
                "keyMaterialType": "SYMMETRIC",
                "value": base64.b64encode(key.SerializeToString()).decode(),
            },
            "status": "ENABLED",
            "keyId": 1,
            "outputPrefixType": "RAW",
        }
    ],
}

streaming_aead.register()
handle = cleartext_keyset_handle.read(tink.JsonKeysetReader(json.dumps(keyset)))
primitive = handle.primitive(streaming_aead.StreamingAead)
with open(source, "rb") as plain_or_stored, open(target, "wb") as result:
    if verb == "encrypt":
        with primitive.new_encrypting_stream(result, associated_data.encode()) as stream:
            stream.write(plain_or_stored.read())
    else:
        with primitive.new_decrypting_stream(plain_or_stored, associated_data.encode()) as stream:
            while piece := stream.read(SEGMENT_BYTES):
                result.write(piece)
