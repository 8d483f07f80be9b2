import {
  backend as from,
  readDataRow,
  readNotification,
  readParameterStatus,
  readReport,
  readRowDescription,
} from '@medrex/pg-wire';

/** Everything that a server says to one client, word for word, without what differs between server processes. */
export class Transcript {
  /** The parameter values that the client believes in. */
  readonly parameters = new Map<string, string>();
  /** Channel, payload, and the notifying process. */
  readonly notifications: (readonly [channel: string, payload: string, processId: number])[] = [];

  wordOf(type: number, message: Buffer): string | undefined {
    const { length } = message;
    const letter = String.fromCharCode(type);
    switch (type) {
      case from.parameterStatus: {
        const { name, value } = readParameterStatus(message, 0, length)!;
        this.parameters.set(name, value);
        return undefined;
      }
      case from.notificationResponse: {
        const { channel, payload, processId } = readNotification(message, 0, length)!;
        this.notifications.push([channel, payload, processId]);
        return undefined;
      }
      case from.errorResponse:
      case from.noticeResponse:
        return `${letter} ${JSON.stringify({ ...readReport(message, 0, length), file: '', line: '', routine: '' })}`;
      case from.rowDescription: {
        const columns = readRowDescription(message, 0, length)!;
        // The number of a table differs between databases.
        return `T ${JSON.stringify(columns.map((column) => ({ ...column, table: Math.min(column.table, 1) })))}`;
      }
      case from.dataRow:
        return `D ${readDataRow(message, 0, length)!
          .map((cell) => (cell === null ? 'null' : cell.toString('latin1')))
          .join('|')}`;
      default:
        return length === 5 ? letter : `${letter} ${message.toString('latin1', 5)}`;
    }
  }
}
