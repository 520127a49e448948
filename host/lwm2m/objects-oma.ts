// OMA's own objects, 0 to 28 (OMA LwM2M registry: the newest approved version of each), in the notation of objects.ts.
//
// A version adds to the one before it, or lets more be done: what an older device has is read by the newer model. What a later
// version took away stays: 10/6 and 25/2.

export const OMA_OBJECTS = `
# 0 1.2 m! LWM2M Security
0 -! S LWM2M Server URI
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
17 - L OSCORE Security Mode
18 -m U Groups To Use by Client
19 -m U Signature Algorithms Supported by Server
20 -m U Signature Algorithms To Use by Client
21 -m U Signature Algorithm Certs Supported by Server
22 - U TLS 1.3 Features To Use by Client
23 - U TLS Extensions Supported by Server
24 - U TLS Extensions To Use by Client
25 -m S Secondary LwM2M Server URI
26 - L MQTT Server
27 -m L LwM2M COSE Security
28 - I RDS Destination Port
29 - I RDS Source Port
30 - S RDS Application ID
# 1 1.2 m! LwM2M Server
0 R! I Short Server ID
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
27 RW U Profile ID Hash Algorithm
# 2 1.1 m LwM2M Access Control
0 R! I Object ID
1 R! I Object Instance ID
2 RWm I ACL
3 RW! I Access Control Owner
# 3 1.2 s! Device
0 R S Manufacturer
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
22 Rm L ExtDevInfo
# 4 1.3 s Connectivity Monitoring
0 R! I Network Bearer
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
13 R I Coverage Enhancement Level
# 5 1.2 s Firmware Update
0 W! O Package
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
14 RW B Automatic Upgrade at Download
# 6 1.0 s Location
0 R! F Latitude
1 R! F Longitude
2 R F Altitude
3 R F Radius
4 R O Velocity
5 R! T Timestamp
6 R F Speed
# 7 1.0 s Connectivity Statistics
0 R I SMS Tx Counter
1 R I SMS Rx Counter
2 R I Tx Data
3 R I Rx Data
4 R I Max Message Size
5 R I Average Message Size
6 E! E Start
7 E! E Stop
8 RW I Collection Period
# 8 1.0 s Lock and Wipe
0 RW! I State
1 Wm! S Lock target
2 Rm S Wipe item
3 E! E Wipe
4 Wm! S Wipe target
5 R! I Lock or Wipe Operation Result
# 9 1.0 m LWM2M Software Management
0 R! S PkgName
1 R! S PkgVersion
2 W O Package
3 W S Package URI
4 E! E Install
5 R L Checkpoint
6 E! E Uninstall
7 R! I Update State
8 RW B Update Supported Objects
9 R! I Update Result
10 E! E Activate
11 E! E Deactivate
12 R! B Activation State
13 RW L Package Settings
14 W S User Name
15 W S Password
16 R S Status Reason
17 Rm L Software Component Link
18 R I Software Component tree length
# 10 1.1 s LWM2M Cellular Connectivity
0 RW S SMSC address
1 RW I Disable radio period
2 RW S Module activation code
3 R L Vendor specific extensions
4 RW I PSM Timer
5 RW I Active Timer
6 R I Serving PLMN Rate control
7 RW O eDRX parameters for Iu mode
8 RW O eDRX parameters for WB-S1 mode
9 RW O eDRX parameters for NB-S1 mode
10 RW O eDRX parameters for A/Gb mode
11 Rm! L Activated Profile Names
12 R U Supported Power Saving Modes
13 RW U Active Power Saving Modes
14 RW U Release Assistance Indication Usage
# 11 1.1 m LWM2M APN Connection Profile
0 RW! S Profile name
1 RW S APN
2 RW B Auto select APN by device
3 RW B Enable status
4 RW! I Authentication Type
5 RW S User Name
6 RW S Secret
7 RW S Reconnect Schedule
8 RWm S Validity (MCC, MNC)
9 Rm T Connection establishment time (1)
10 Rm I Connection establishment result (1)
11 Rm I Connection establishment reject cause (1)
12 Rm T Connection end time (1)
13 R I TotalBytesSent
14 R I TotalBytesReceived
15 RWm S IP address (2)
16 RWm S Prefix length(2)
17 RWm S Subnet mask (2)
18 RWm S Gateway (2)
19 RWm S Primary DNS address (2)
20 RWm S Secondary DNS address (2)
21 R I QCI (3)
22 R L Vendor specific extensions
23 R I TotalPacketsSent
24 RW I PDN Type
25 R I APN Rate Control
26 RW U Serving PLMN Rate control
27 RW U Uplink Time Unit
28 R I APN Rate Control for Exception Data
29 RW U APN Exception Data Uplink Time Unit
30 RWm U Supported RAT Types
31 RWm S RDS Application ID
32 RWm I RDS Destination Port
33 RWm I RDS Source Port
# 12 1.1 m WLAN connectivity
0 RW! S Interface name
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
11 RWm I Supported Channels
12 RWm I Channels In Use
13 RW S Regulatory Domain
14 RW! I Standard
15 RW! I Authentication Mode
16 RW I Encryption Mode
17 W S WPA Pre Shared Key
18 W S WPA Key Phrase
19 RW I WEP Encryption Type
20 RW I WEP Key Index
21 W S WEP Key Phrase
22 W S WEP Key 1
23 W S WEP Key 2
24 W S WEP Key 3
25 W S WEP Key 4
26 RW S RADIUS Server
27 RW I RADIUS Server Port
28 W S RADIUS Secret
29 R B WMM Supported
30 RW B WMM Enabled
31 RW B MAC Control Enabled
32 RWm S MAC Address List
33 R I Total Bytes Sent
34 R I Total Bytes Received
35 R I Total Packets Sent
36 R I Total Packets Received
37 R I Transmit Errors
38 R I Receive Errors
39 R I Unicast Packets Sent
40 R I Unicast Packets Received
41 R I Multicast Packets Sent
42 R I Multicast Packets Received
43 R I Broadcast Packets Sent
44 R I Broadcast Packets Received
45 R I Discard Packets Sent
46 R I Discard Packets Received
47 R I Unknown Packets Received
48 R L Vendor specific extensions
# 13 1.1 s LWM2M Bearer Selection
0 RWm I Preferred Communications Bearer
1 RW I Acceptable RSSI (GSM)
2 RW I Acceptable RSCP (UMTS)
3 RW I Acceptable RSRP (LTE)
4 RW I Acceptable RSSI (1xEV-DO)
5 RW S Cell lock list
6 RW S Operator list
7 RW B Operator list mode
8 R S List of available PLMNs
9 R L Vendor specific extensions
10 RW I Acceptable RSRP (NB-IoT)
11 RW I Higher Priority PLMN Search Timer
12 RW B Attach without PDN connection
# 14 1.0 m LWM2M Software Component
0 R S Component Identity
1 R O Component Pack
2 R S Component Version
3 E E Activate
4 E E Deactivate
5 R B Activation State
# 15 2.0 m DevCapMgmt
0 R! S Property
1 R! I Group
2 R S Description
3 R B Attached
4 R! B Enabled
5 E! E opEnable
6 E! E opDisable
7 RW B NotifyEn
# 16 1.0 m Portfolio
0 RWm! S Identity
1 E E GetAuthData
2 Rm O AuthData
3 R I AuthStatus
# 19 1.0 m BinaryAppDataContainer
0 RWm! O Data
1 RW I Data Priority
2 RW T Data Creation Time
3 RW S Data Description
4 RW S Data Format
5 RW I App ID
# 20 2.1 m Event Log
4010 RW I LogClass
4011 E E LogStart
4012 E E LogStop
4013 R I LogStatus
4014 R! O LogData
4015 RW I LogDataFormat
4016 - O LogDataIncremental
4017 RW U LogDataIncrementalMinimumSendInterval
# 21 2.0 m LWM2M OSCORE
0 -! O OSCORE Master Secret
1 -! O OSCORE Sender ID
2 -! O OSCORE Recipient ID
3 - I OSCORE AEAD Algorithm
4 - I OSCORE HMAC Algorithm
5 - O OSCORE Master Salt
6 - O OSCORE ID Context
# 22 1.1 m Virtual Observe Notify
0 RWm! S ObserveLinks
1 R! S Report
2 RW B ResourceFilter
3 RWm S ReportLinks
4 RW I ObserveRelation
5 RW I Virtual Observe Report Format
6 R O Virtual Observe Report
# 23 1.0 m LwM2M COSE
0 -! S KID
1 -! I AEAD Algorithm
2 -! S Key
# 24 1.0 m MQTT Server
0 RW B Will Retain
1 RW S Will Topic
2 RW S Will Message
3 RW B Clean Session
4 RW U Will QoS
5 RW U Keep Alive
6 RW! S Client Identifier
7 RW S User Name
8 RW O Password
# 25 2.0 m LwM2M Gateway
0 R! S Device ID
1 R! S Prefix
2 R L Routing Table Entry
3 R! S IoT Device Objects
# 26 1.0 m LwM2M Gateway Routing
0 R! U LwM2M Object ID
1 R! S Mapping Info
# 27 1.0 m 5GNR Connectivity
0 R! I Connectivity Option
1 Rm I NR Band Support available
2 Rm I NR Band attached
3 Rm I S-NSSAI
4 R S DNN Name
5 R I PDU Session Id
6 R I SSC Mode
7 R I PDU Session Type
8 R I 5QI
9 R I SDAP Enablement
10 R I QFI
11 R I Session AMBR
12 R I APN-AMBR
13 R B NAS Reflective QOS
14 R B Access Stratum Reflective QoS
15 R I P-CSCF Address Index
16 R I PDU session Authentication
17 R S PLMN ID
18 R B LADN Support
19 R I Integrity Protection on DRB
20 R B Access type Preference
# 28 1.0 s Device RF Capabilities
0 R I Supported LTE Band Information
1 R I Supported EGPRS Band Information
2 R I Supported TD-SCDMA Band Information
3 R I Supported WCDMA Band Information
4 R I Supported CDMA-2000 Band Information
5 R I Supported WiMAX Band Information
6 R I Supported NB-IoT Band Information
7 R I Supported 5G Band Information
`;
