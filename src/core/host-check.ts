/** What was found of a host that is to work with others. */
export interface HostCheck {
  name: string;
  /** `limited`: it works, and less well than it could. */
  state: 'ok' | 'limited' | 'failed';
  detail: string;
}
