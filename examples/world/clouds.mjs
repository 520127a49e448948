// The servers behind Funnel and Funk in the example world: an account of AWS with a data stream and two functions. A stand-in
// checks every request's signature as the real service does.

/** The example keys of AWS's own documentation; world.json has them in the credentials store. */
const KEY = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };

export const clouds = {
  aws: {
    accessKeys: [KEY],
    streams: ['readings'],
    functions: {
      /** Decides about a device's fan. */
      fan: ({ temperature }) => ({ fan: temperature > 25 ? 'on' : 'off' }),
      /** Tells a device who it is. */
      whoami: (event, { clientContext }) => ({ event, imsi: clientContext?.custom?.imsi }),
    },
  },
};
