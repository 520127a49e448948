// The objects that every platform knows (OMA object registry), one resource a line: `id letters type name`. Letters:
// R, W, E as in the registry, - for bootstrap servers only, m for several instances, ! for mandatory.

import type { ObjectModel, ResourceModel } from './model.js';
import type { ResourceType } from './values.js';

const TYPES: Readonly<Record<string, ResourceType | undefined>> = {
  ...{ S: 'string', I: 'integer', U: 'unsigned', F: 'float', B: 'boolean', O: 'opaque', T: 'time', L: 'objlnk' },
  E: undefined,
};

function object(id: number, name: string, kind: 'single' | 'multiple', mandatory: boolean, lines: string): ObjectModel {
  const resources = lines
    .trim()
    .split('\n')
    .map((line): ResourceModel => {
      const [number = '', letters = '', type = '', ...words] = line.trim().split(' ');
      return {
        id: Number(number),
        name: words.join(' '),
        type: TYPES[type],
        operations: letters.replace(/[^RWE]/g, ''),
        multiple: letters.includes('m'),
        mandatory: letters.includes('!'),
      };
    });
  return { id, name, multiple: kind === 'multiple', mandatory, resources };
}

export const DEFAULT_MODELS: readonly ObjectModel[] = [
  object(
    ...([0, 'LWM2M Security', 'multiple', true] as const),
    `0 -! S LWM2M Server URI
     1 -! B Bootstrap-Server
     2 -! I Security Mode
     3 -! O Public Key or Identity
     4 -! O Server Public Key
     5 -! O Secret Key
     6 - I SMS Security Mode
     7 - O SMS Binding Key Parameters
     8 - O SMS Binding Secret Key(s)
     9 - S LwM2M Server SMS Number
     10 - I Short Server ID
     11 - I Client Hold Off Time
     12 - I Bootstrap-Server Account Timeout
     13 - U Matching Type
     14 - S SNI
     15 - U Certificate Usage
     16 -m U DTLS/TLS Ciphersuite
     17 - L OSCORE Security Mode`,
  ),
  object(
    ...([1, 'LwM2M Server', 'multiple', true] as const),
    `0 R! I Short Server ID
     1 RW! I Lifetime
     2 RW I Default Minimum Period
     3 RW I Default Maximum Period
     4 E E Disable
     5 RW I Disable Timeout
     6 RW! B Notification Storing When Disabled or Offline
     7 RW! S Binding
     8 E! E Registration Update Trigger
     9 E E Bootstrap-Request Trigger
     10 RW L APN Link
     11 R U TLS-DTLS Alert Code
     12 R T Last Bootstrapped
     13 R U Registration Priority Order
     14 RW U Initial Registration Delay Timer
     15 R B Registration Failure Block
     16 R B Bootstrap on Registration Failure
     17 RW U Communication Retry Count
     18 RW U Communication Retry Timer
     19 RW U Communication Sequence Delay Timer
     20 RW U Communication Sequence Retry Count
     21 RW B Trigger
     22 RW S Preferred Transport
     23 RW B Mute Send
     24 RWm L Alternate APN Links
     25 RWm S Supported Server Versions
     26 RW I Default Notification Mode
     27 RW U Profile ID Hash Algorithm`,
  ),
  object(
    ...([2, 'LwM2M Access Control', 'multiple', false] as const),
    `0 R! I Object ID
     1 R! I Object Instance ID
     2 RWm I ACL
     3 RW! I Access Control Owner`,
  ),
  object(
    ...([3, 'Device', 'single', true] as const),
    `0 R S Manufacturer
     1 R S Model Number
     2 R S Serial Number
     3 R S Firmware Version
     4 E! E Reboot
     5 E E Factory Reset
     6 Rm I Available Power Sources
     7 Rm I Power Source Voltage
     8 Rm I Power Source Current
     9 R I Battery Level
     10 R I Memory Free
     11 Rm! I Error Code
     12 E E Reset Error Code
     13 RW T Current Time
     14 RW S UTC Offset
     15 RW S Timezone
     16 R! S Supported Binding and Modes
     17 R S Device Type
     18 R S Hardware Version
     19 R S Software Version
     20 R I Battery Status
     21 R I Memory Total
     22 Rm L ExtDevInfo`,
  ),
  object(
    ...([4, 'Connectivity Monitoring', 'single', false] as const),
    `0 R! I Network Bearer
     1 Rm! I Available Network Bearer
     2 R! I Radio Signal Strength
     3 R I Link Quality
     4 Rm! S IP Addresses
     5 Rm S Router IP Addresses
     6 R I Link Utilization
     7 Rm S APN
     8 R I Cell ID
     9 R I SMNC
     10 R I SMCC
     11 R I SignalSNR
     12 R I LAC
     13 R I Coverage Enhancement Level`,
  ),
  object(
    ...([5, 'Firmware Update', 'single', false] as const),
    `0 W! O Package
     1 RW! S Package URI
     2 E! E Update
     3 R! I State
     5 R! I Update Result
     6 R S PkgName
     7 R S PkgVersion
     8 Rm I Firmware Update Protocol Support
     9 R! I Firmware Update Delivery Method
     10 E E Cancel
     11 RW I Severity
     12 R T Last State Change Time
     13 RW U Maximum Defer Period
     14 RW B Auto upgrade`,
  ),
  object(
    ...([6, 'Location', 'single', false] as const),
    `0 R! F Latitude
     1 R! F Longitude
     2 R F Altitude
     3 R F Radius
     4 R O Velocity
     5 R! T Timestamp
     6 R F Speed`,
  ),
  object(
    ...([7, 'Connectivity Statistics', 'single', false] as const),
    `0 R I SMS Tx Counter
     1 R I SMS Rx Counter
     2 R I Tx Data
     3 R I Rx Data
     4 R I Max Message Size
     5 R I Average Message Size
     6 E! E Start
     7 E! E Stop
     8 RW I Collection Period`,
  ),
  object(
    ...([8, 'Lock and Wipe', 'single', false] as const),
    `0 RW! I State
     1 Wm S Lock target
     2 R I Wipe item
     3 E! E Wipe
     4 Wm! S Wipe target
     5 RW! I Lock or Wipe Operation Result`,
  ),
  object(
    ...([9, 'LWM2M Software Management', 'multiple', false] as const),
    `0 R! S PkgName
     1 R! S PkgVersion
     2 W O Package
     3 W S Package URI
     4 E! E Install
     5 RW L Checkpoint
     6 E! E Uninstall
     7 R! I Update State
     8 RW B Update Supported Objects
     9 R! I Update Result
     10 E! E Activate
     11 E! E Deactivate
     12 R! B Activation State
     13 RW L Package Settings
     14 W S User Name
     15 W S Password`,
  ),
  object(
    ...([10, 'Cellular Connectivity', 'single', false] as const),
    `0 RW S SMSC address
     1 RW I Disable radio period
     2 RW S Module activation code
     3 Rm L Vendor specific extensions
     4 RW O PSM Timer
     5 RW O Active Timer
     6 RW I Serving PLMN Rate control
     7 RW O eDRX parameters for Iu mode
     8 RW O eDRX parameters for WB-S1 mode
     9 RW O eDRX parameters for NB-S1 mode
     10 RW O eDRX parameters for A/Gb mode
     11 Rm! L Activated Profile Names`,
  ),
  object(
    ...([11, 'APN Connection Profile', 'multiple', false] as const),
    `0 RW! S Profile name
     1 RW S APN
     2 RW B Auto select APN by device
     3 RW B Enable status
     4 RW! I Authentication Type
     5 RW S User Name
     6 RW S Secret
     7 RW S Reconnect Schedule
     8 RWm S Validity
     9 Rm T Connection establishment time
     10 Rm I Connection establishment result
     11 Rm I Connection establishment reject cause
     12 Rm T Connection end time
     13 R I TotalBytesSent
     14 R I TotalBytesReceived
     15 RWm S IP address
     16 RWm S Prefix length
     17 RWm S Subnet mask
     18 RWm S Gateway
     19 RWm S Primary DNS address
     20 RWm S Secondary DNS address
     21 R I QCI
     22 Rm! L Vendor specific extensions`,
  ),
  object(
    ...([12, 'WLAN connectivity', 'multiple', false] as const),
    `0 RW! S Interface name
     1 RW! B Enable
     2 RW I Radio Enabled
     3 R! I Status
     4 R! S BSSID
     5 RW! S SSID
     6 RW B Broadcast SSID
     7 RW B Beacon Enabled
     8 RW! I Mode
     9 RW! I Channel
     10 RW B Auto Channel
     11 RW I Supported Channels
     12 RW I Channels In Use
     13 RW S Regulatory Domain
     14 RW! I Standard
     15 RW! I Authentication Mode`,
  ),
  object(
    ...([13, 'Bearer selection', 'single', false] as const),
    `0 RWm I Preferred Communications Bearer
     1 RW I Acceptable RSSI (GSM)
     2 RW I Acceptable RSCP (UMTS)
     3 RW I Acceptable RSRP (LTE)
     4 RW I Acceptable RSSI (1xEV-DO)
     5 RW S Cell lock list
     6 RW S Operator list
     7 RW B Operator list mode
     8 R S List of available PLMNs
     9 Rm! L Vendor specific extensions`,
  ),
  object(
    ...([14, 'LWM2M Software Component', 'multiple', false] as const),
    `0 R S Component Identity
     1 R O Component Pack
     2 R S Component Version
     3 E E Activate
     4 E E Deactivate
     5 R B Activation State`,
  ),
  object(
    ...([15, 'DevCapMgmt', 'multiple', false] as const),
    `0 R! S Property
     1 R! I Group
     2 R! S Description
     3 R B Attached
     4 R! B Enabled
     5 E! E opEnable
     6 E! E opDisable
     7 RW B NotifyEn`,
  ),
  object(
    ...([16, 'Portfolio', 'multiple', false] as const),
    `0 RWm! S Identity
     1 E E GetAuthData
     2 Rm O AuthData
     3 R I AuthStatus`,
  ),
  object(
    ...([19, 'BinaryAppDataContainer', 'multiple', false] as const),
    `0 RWm! O Data
     1 RW I Data Priority
     2 RW T Data Creation Time
     3 RW S Data Description
     4 RW S Data Format
     5 RW I App ID`,
  ),
  object(
    ...([20, 'Event Log', 'single', false] as const),
    `4010 RW I LogClass
     4011 E E LogStart
     4012 E E LogStop
     4013 R I LogStatus
     4014 R! O LogData
     4015 RW I LogDataFormat`,
  ),
  object(
    ...([22, 'Virtual Observe Notify', 'multiple', false] as const),
    `0 RW S Observed resources
     1 R S Data`,
  ),
];
