// WeChat's side of an encrypted push, by the npm package wechat-crypto: one request on stdin, one
// answer on stdout. {do: "push", ...} encrypts and signs; {do: "open", ...} checks and decrypts.
'use strict';

const crypto = require('crypto');
const path = require('path');

process.noDeprecation = true; // the package is of 2014
const WXBizMsgCrypt = require(path.join(__dirname, 'wechat-crypto'));

function push(wechat, asked) {
  const encrypt = wechat.encrypt(asked.text);
  const timestamp = String(asked.seconds);
  const nonce = crypto.randomBytes(8).toString('hex');
  const signature = wechat.getSignature(timestamp, nonce, encrypt);
  return { encrypt, timestamp, nonce, msg_signature: signature };
}

function open(wechat, asked) {
  const signature = wechat.getSignature(asked.timestamp, asked.nonce, asked.encrypt);
  const content = wechat.decrypt(asked.encrypt);
  return { is_signed: signature === asked.msg_signature, text: content.message, app_id: content.id };
}

const asked = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const wechat = new WXBizMsgCrypt(asked.token, asked.aes_key, asked.app_id);
process.stdout.write(JSON.stringify({ push, open }[asked.do](wechat, asked)));
