// One HTTP request of a test program; what is answered. `status` 0: nothing was.
import { request } from 'node:http';

export function ask(options, body = '') {
  return new Promise((resolve) => {
    const sent = request({ agent: false, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      const end = () => resolve({ status: response.statusCode, text, headers: response.headers });
      response.once('end', end).once('error', (error) => resolve({ status: 0, text: error.code }));
    });
    sent.on('error', (error) => resolve({ status: 0, text: error.code }));
    sent.end(body);
  });
}
